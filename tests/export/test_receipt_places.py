"""`egan-export verify`: what a name means, parts of an export, and what a download leaves beside one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf import InputError, Sampler
from egan_tf.commands import export as command
from egan_tf.export.card import is_unchanged
from egan_tf.export.receipt import formats as receipt_formats
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, worst
from egan_tf.sampling import model_file
from egan_tf.sampling.model_file import MODELS, REFERENCE
from tests.export.receipts import faults, found

SHIPPED = Path(__file__).parents[2] / MODELS / REFERENCE / "digits"
OF_A_DOWNLOAD = (
    ".gitattributes",
    ".cache/huggingface/.gitignore",
    ".cache/huggingface/download/card.json.metadata",
    ".git/HEAD",
)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A copy of a model that the project ships, to be damaged."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "digits"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the formats that were loaded."""
    names: set[str] = set()

    def samples(name: str, *_: Any) -> np.ndarray:
        names.add(name)
        return np.zeros((72, 8, 8, 1), np.float32)

    monkeypatch.setattr(receipt_formats, "samples_of", samples)
    return names


def put(path: Path, content: bytes = b"1") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_what_a_download_leaves_is_beside_the_export_in_one_line(export: Path, loaded: set[str]) -> None:
    for path in OF_A_DOWNLOAD:
        put(export / path)
    assert faults(export, files_only=True) == {}
    last = found(export, files_only=True)[-1]
    assert str(last).startswith(
        "ok           .cache/huggingface, .git, .gitattributes: beside the export and not of it"
    )
    list(found(export))
    assert loaded == {"saved_model", "onnx", "images"}
    assert not is_unchanged(export), "an export that replaced it would take them along"


def test_a_work_tree_of_git_has_a_file_of_that_name(export: Path) -> None:
    put(export / ".git", b"gitdir: elsewhere")
    assert found(export, files_only=True)[-1].subject == ".git" and faults(export, files_only=True) == {}


EXTRA = (
    *(f"saved_model/{path}" for path in OF_A_DOWNLOAD),
    ".cache/pip/wheel",
    ".cache/huggingface2/x",
    ".gitattributes2",
    ".gitignore",
    ".github/workflows/run.yml",
)


@pytest.mark.parametrize("path", EXTRA)
def test_nothing_else_is_beside_an_export_and_nothing_in_a_format(path: str, export: Path, loaded: set[str]) -> None:
    put(export / path)
    (problem,) = faults(export, files_only=True).values()
    assert (problem.subject, problem.state) == (path, DIFFERENT) and problem.text.startswith("extra: ")
    list(found(export))
    assert ("saved_model" in loaded) == (not path.startswith("saved_model/"))


def test_a_file_beside_an_export_is_not_checked_by_itself(export: Path) -> None:
    put(export / ".gitattributes")
    assert worst(found(export / ".gitattributes")) == NOT_CHECKED


def test_the_folder_of_a_format_is_checked_by_itself(export: Path, loaded: set[str]) -> None:
    (export / "README.md").unlink()
    findings = found(export / "saved_model")
    assert [finding.subject for finding in findings] == [
        "card.json",
        "saved_model/fingerprint.pb",
        "saved_model/saved_model.pb",
        "saved_model/variables/variables.data-00000-of-00001",
        "saved_model/variables/variables.index",
        "saved_model",
    ]
    assert loaded == {"saved_model"} and worst(findings[:-1]) == OK
    assert worst(found(export / "saved_model" / "variables")) == OK, "all files, and no format"


def test_what_is_wrong_in_the_folder_of_a_format_is_named_and_nothing_loaded(export: Path, loaded: set[str]) -> None:
    put(export / "saved_model" / "variables" / "extra")
    (export / "saved_model" / "fingerprint.pb").unlink()
    wrong = {"saved_model/variables/extra", "saved_model/fingerprint.pb"}
    assert {finding.subject for finding in found(export / "saved_model") if finding.state == DIFFERENT} == wrong
    (export / "card.json").write_bytes((export / "card.json").read_bytes().replace(b'"digest"', b'"digesu"'))
    assert found(export / "saved_model")[0].state == DIFFERENT and loaded == set()
    assert worst(found(export / "saved_model", sha256="0" * 64)) == DIFFERENT
    (export / "empty").mkdir()
    assert found(export / "empty")[-1].state == NOT_CHECKED


def test_a_name_is_looked_for_where_the_sampler_looks(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path / "digits")
    monkeypatch.setattr(model_file, "SHIPPED", tmp_path / "package")
    for made in ("../package", "saved_models/reference", "saved_models"):
        shutil.copytree(SHIPPED, Path(made, "digits").resolve())
        assert command.main(["verify", "digits", "--files-only"]) == OK
        first, second, *_ = capsys.readouterr().out.splitlines()
        sampler = Sampler("digits")
        assert first == f"model {sampler.path.parent} ({sampler.place})"
        assert second.startswith("ok           card.json: ")
    Path("saved_models/digits/generator.onnx").unlink()
    assert command.main(["verify", "digits", "--files-only"]) == DIFFERENT, "a lost file does not hide the export"


def test_a_path_is_what_it_says(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that exists is checked itself, even if damage left no card in it."""
    monkeypatch.chdir(tmp_path)
    assert command.main(["verify", "digits", "--files-only"]) == OK
    assert not capsys.readouterr().out.startswith("model ")
    (export / "card.json").unlink()
    with pytest.raises(InputError, match=r"^path: digits has no card\.json"):
        command.main(["verify", "digits"])
    for path in ("./ring8", "ring8/", "sub/ring8"):
        with pytest.raises(InputError, match=r"^path: no file or folder [^;]*$"):
            command.main(["verify", path])


def test_an_unknown_name_lists_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_file, "SHIPPED", tmp_path / "package")
    (tmp_path / "package" / "digits").mkdir(parents=True)
    with pytest.raises(InputError, match="^path: no file or folder digit; name one that is installed: digits$"):
        command.main(["verify", "digit"])


def test_line_ends_that_git_changed_are_named(export: Path) -> None:
    for name in ("card.json", "README.md"):
        content = (export / name).read_bytes()
        (export / name).write_bytes(content.replace(b"\n", b"\r\n"))
    (export / "generator.onnx").write_bytes((export / "generator.onnx").read_bytes() + b"\r")
    bad = faults(export, files_only=True)
    assert {subject: "core.autocrlf" in finding.text for subject, finding in bad.items()} == {
        "card.json": True,
        "README.md": True,
        "generator.onnx": False,
    }


def test_what_a_file_manager_leaves_in_a_format_is_named_as_that(export: Path) -> None:
    put(export / ".DS_Store")
    assert faults(export, files_only=True) == {}
    put(export / "saved_model" / ".DS_Store")
    (finding,) = faults(export, files_only=True).values()
    assert finding.state == DIFFERENT and "left by a file manager; delete it" in finding.text
