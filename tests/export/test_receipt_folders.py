"""`egan-export verify` of whole folders: what is extra or cannot be read in them, and which card is that of a file."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.commands import export as command
from egan_tf.export.card import is_unchanged
from egan_tf.export.comparison import float32_bound
from egan_tf.export.receipt import formats as receipt_formats
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK
from egan_tf.export.receipt.sampling_process import samples_of
from egan_tf.sampling import SamplingSpec
from egan_tf.utils.checks import InputError
from tests.export.receipts import faults, found, rewrite_card, unreadable
from tests.sampling.onnx_files import build, put

FORMATS = {"saved_model", "onnx"}


@pytest.fixture
def export(mlp_export: Path, tmp_path: Path) -> Path:
    """A copy of an export with a SavedModel and an ONNX file, to be damaged."""
    return Path(shutil.copytree(mlp_export, tmp_path / "export"))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the formats that were loaded."""
    names: set[str] = set()

    def samples(name: str, *_: Any) -> np.ndarray:
        names.add(name)
        return np.zeros((72, 2), np.float32)

    monkeypatch.setattr(receipt_formats, "samples_of", samples)
    return names


def file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"1")


def link(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("/")


def moved(path: Path) -> None:
    """The folder itself becomes a link to the same files."""
    folder = path.parent
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


EXTRA: dict[str, tuple[str, Callable[[Path], None], set[str]]] = {
    "a library": ("saved_model/extra.so", file, {"onnx"}),
    "a hidden file": ("saved_model/.hidden", file, {"onnx"}),
    "a file of a file manager": ("saved_model/.DS_Store", file, {"onnx"}),
    "a card": ("saved_model/card.json", file, {"onnx"}),
    "an asset": ("saved_model/assets/deep/names.txt", file, {"onnx"}),
    "a weight": ("saved_model/variables/variables.data-00001-of-00002", file, {"onnx"}),
    "a link": ("saved_model/variables/link", link, {"onnx"}),
    "a linked folder": ("saved_model/x", moved, {"onnx"}),
    "a file beside the formats": ("notes.txt", file, FORMATS),
    "a folder of a like name": ("saved_model2/extra.so", file, FORMATS),
}


@pytest.mark.parametrize("name", EXTRA)
def test_a_format_with_an_extra_file_is_not_loaded(name: str, export: Path, loaded: set[str]) -> None:
    path, make, expected = EXTRA[name]
    make(export / path)
    states = {finding.subject: finding.state for finding in found(export)}
    assert DIFFERENT in states.values() and loaded == expected
    assert {format_ for format_ in FORMATS if states[format_] == NOT_CHECKED} == FORMATS - expected


def test_of_a_card_that_names_no_files_of_formats_none_is_loaded(export: Path, loaded: set[str]) -> None:
    def earlier(card: dict[str, Any]) -> None:
        for entry in card["verification"].values():
            del entry["files"]

    rewrite_card(export, earlier)
    list(found(export))
    assert loaded == FORMATS
    loaded.clear()
    file(export / "notes.txt")
    assert faults(export)["onnx"].state == NOT_CHECKED and loaded == set()


def test_a_format_whose_files_the_card_does_not_list_is_not_loaded(export: Path, loaded: set[str]) -> None:
    rewrite_card(export, lambda card: card["verification"]["onnx"].update(files=["other.onnx"]))
    assert faults(export)["onnx"].text == "not loaded, as the card lists no file of it"
    assert loaded == {"saved_model"}


@pytest.mark.parametrize("entry", ["saved_model/saved_model.pb", "saved_model/", "..", "../export", "", "."])
def test_a_format_consists_of_names_in_the_folder(entry: str, export: Path) -> None:
    rewrite_card(export, lambda card: card["verification"]["saved_model"].update(files=[entry]))
    assert faults(export)["card.json"].text.startswith("verification: saved_model: its files must be")


def test_a_folder_is_never_loaded_as_a_single_file(export: Path, loaded: set[str]) -> None:
    def only_one(card: dict[str, Any]) -> None:
        card["files"] = {path: entry for path, entry in card["files"].items() if path != "saved_model/fingerprint.pb"}
        others = [path for path in card["files"] if path.startswith("saved_model/") and "saved_model.pb" not in path]
        for path in others:
            del card["files"][path]

    rewrite_card(export, only_one)
    assert [finding.state for finding in found(export / "saved_model" / "saved_model.pb")] == [OK, OK]
    assert loaded == set()


UNREADABLE = {"saved_model": {"onnx"}, "saved_model/variables": {"onnx"}, "notes": FORMATS, ".": set()}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_folder_that_cannot_be_listed_is_different(
    name: str, export: Path, loaded: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (export / name).mkdir(exist_ok=True)
    assert name == "notes" or command.main(["verify", str(export), "--files-only"]) == 0
    unreadable(monkeypatch, export / name)
    (different,) = faults(export, files_only=True).values()
    assert (different.subject, different.state) == (name, DIFFERENT)
    assert different.text == "the folder cannot be read: Permission denied"
    list(found(export))
    assert loaded == UNREADABLE[name]
    assert command.main(["verify", str(export), "--files-only"]) == DIFFERENT
    assert not is_unchanged(export)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_without_permission_is_different(export: Path) -> None:
    for mode in (0o000, 0o300, 0o400):
        (export / "saved_model").chmod(mode)
        assert DIFFERENT in {finding.state for finding in found(export, files_only=True)}
    (export / "saved_model").chmod(0o700)


def deny_cards(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing in a folder can be looked up, as without the permission to search it."""
    lstat = Path.lstat

    def checked(self: Path) -> os.stat_result:
        if self.parent == folder:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))
        return lstat(self)

    patch.setattr(Path, "lstat", checked)


def test_a_folder_that_cannot_be_searched_is_refused_in_one_line(export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deny_cards(monkeypatch, export)
    for path in (export, export / "generator.onnx"):
        with pytest.raises(InputError, match="^path: cannot read .*export: Permission denied$"):
            command.main(["verify", str(path)])


def test_a_path_that_cannot_be_looked_up_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch, export: Path) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "stat", denied)
    with pytest.raises(InputError, match="^path: cannot read .*export: Permission denied$"):
        command.main(["verify", str(export)])


def test_a_folder_above_that_cannot_be_searched_holds_no_export(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = tmp_path / "a" / "alone.onnx"
    alone.parent.mkdir()
    shutil.copy(export / "generator.onnx", alone)
    deny_cards(monkeypatch, tmp_path)
    assert [finding.state for finding in found(alone)] == [NOT_CHECKED]


UNRELATED = (
    "{}",
    "[]",
    "{",
    "",
    '{"format": "other", "files": {}}',
    '{"files": {}}',
    '{"format": ["egan_tf export 2"]}',
)


@pytest.mark.parametrize("content", UNRELATED)
@pytest.mark.parametrize("depth", [1, 7])
def test_a_card_of_something_else_above_a_file_is_passed_over(content: str, depth: int, export: Path) -> None:
    folder = export.parent / "above"
    alone = folder.joinpath(*"abcdefg"[:depth]) / "generator.onnx"
    alone.parent.mkdir(parents=True)
    shutil.copy(export / "generator.onnx", alone)
    (folder / "card.json").write_text(content)
    sha256 = hashlib.sha256(alone.read_bytes()).hexdigest()
    assert command.main(["verify", str(alone), "--sha256", sha256]) == OK
    assert command.main(["verify", str(alone), "--sha256", "0" * 64]) == DIFFERENT
    assert command.main(["verify", str(alone)]) == NOT_CHECKED


def test_a_card_beside_a_file_and_that_of_an_export_above_count(export: Path) -> None:
    inside = export / "saved_model" / "saved_model.pb"
    assert [finding.state for finding in found(inside)] == [OK, OK]
    (export / "saved_model" / "extra.so").write_bytes(b"1")
    assert [finding.state for finding in found(export / "saved_model" / "extra.so")] == [OK, DIFFERENT]
    (export / "card.json").write_text(json.dumps({"format": "egan_tf export 2"}))
    assert [finding.state for finding in found(inside)] == [DIFFERENT]
    (export / "card.json").write_text("{}")
    sha256 = hashlib.sha256((export / "generator.onnx").read_bytes()).hexdigest()
    assert [finding.state for finding in found(export / "generator.onnx", sha256=sha256)] == [OK, DIFFERENT]


def test_formats_of_many_classes_are_sampled(tmp_path: Path) -> None:
    """Their names are longer than an argument of a process may be."""
    names = tuple(f"the class of number {number} ✓" for number in range(20_000))
    spec = SamplingSpec(2, "normal", (2,), None, len(names), names)
    put(tmp_path, build(spec))
    assert len(json.dumps(spec.to_metadata())) > 1 << 18
    assert samples_of("onnx", tmp_path, spec, float32_bound(spec)).shape == (72, 2)
