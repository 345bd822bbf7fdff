"""`egan-export verify` of paths through `..` or not in UTF-8, and of shapes that the card does not say."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import keras
import pytest

from egan_tf.commands import export as command
from egan_tf.export import export_generator
from egan_tf.export.card import is_unchanged
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK
from tests.export.generators import NORMAL, UNIFORM
from tests.export.pages import fake_package, page
from tests.export.receipts import faults, found, rewrite_card
from tests.sampling.onnx_files import IMAGE, build, put

NOT_UTF8 = os.fsdecode(b"it\xff")


@pytest.fixture
def export(mlp_export: Path, tmp_path: Path) -> Path:
    """A copy of an export with a SavedModel and an ONNX file, in a folder `models`."""
    return Path(shutil.copytree(mlp_export, tmp_path / "models" / "it"))


THROUGH = (
    "it/../it/generator.onnx",
    "../models/it/saved_model/../generator.onnx",
    "linked/../it/generator.onnx",
    "it/saved_model/variables/../saved_model.pb",
    "linked/../generator.onnx",
)


@pytest.mark.parametrize("path", THROUGH)
def test_a_file_through_parents_is_that_file(path: str, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after a link, whose parent is that of its target."""
    monkeypatch.chdir(export.parent)
    Path("linked").symlink_to("it" if path.startswith("linked/../it/") else "it/saved_model")
    lines = found(Path(path), files_only=True)
    assert [finding.state for finding in lines] == [OK, OK] and lines[0].subject == "card.json"
    Path(path).write_bytes(b"damaged")
    assert [finding.state for finding in found(Path(path), files_only=True)] == [OK, DIFFERENT]


@pytest.mark.parametrize("shape", [[32, 16, 3], [4, 4, 3], [16, 16, 1]])
def test_other_shapes_than_the_card_says_are_named(shape: list[int], conv: keras.Model, tmp_path: Path) -> None:
    formats = ["onnx", "images"]
    directory = export_generator(conv, tmp_path / "it", latent=NORMAL, value_range=(-1, 1), formats=formats)

    def of_another_shape(card: dict) -> None:
        card["samples"]["shape"] = shape
        del card["sample_vectors"]

    rewrite_card(directory, of_another_shape)
    texts = {name: finding.text for name, finding in faults(directory).items() if finding.state == DIFFERENT}
    says = f"makes float32 [72, 16, 16, 3] where the card says float32 [72, {', '.join(map(str, shape))}]"
    assert texts.pop("onnx") == says
    assert set(texts) <= {"images"}


def test_an_export_whose_path_is_not_utf8_is_verified(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = export.rename(export.with_name(NOT_UTF8))
    assert faults(moved) == {}

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    assert {name: finding.state for name, finding in faults(moved).items()} == dict.fromkeys(
        ("saved_model", "onnx"), NOT_CHECKED
    )


def test_a_page_of_such_an_export_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    package = fake_package(tmp_path)
    (tmp_path / NOT_UTF8).mkdir()
    page(put(tmp_path / NOT_UTF8, build(IMAGE)), "--onnxruntime-web", package)
    assert "<title>it?" in Path("pages", NOT_UTF8, "index.html").read_text("utf-8")


def test_what_a_file_manager_leaves_changes_neither_export_nor_page(export: Path, tmp_path: Path) -> None:
    (export / ".DS_Store").write_bytes(b"1")
    assert is_unchanged(export) and command.main(["verify", str(export), "--files-only"]) == 0
    (export / "notes.txt").write_bytes(b"1")
    assert not is_unchanged(export)
    out, package = tmp_path / "page", fake_package(tmp_path)
    arguments = (put(tmp_path / "models", build(IMAGE)), "--out", out, "--onnxruntime-web", package)
    out.mkdir()
    for content in (b"in an empty folder", b"in a page"):
        (out / ".DS_Store").write_bytes(content)
        page(*arguments, "--overwrite")
    (out / "onnxruntime" / ".DS_Store").write_bytes(b"1")
    page(*arguments, "--overwrite")


def test_the_working_directory_may_be_gone(mlp: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    directory = export_generator(mlp, tmp_path / "it", latent=UNIFORM, formats=["onnx"])
    assert command.main(["verify", str(directory), "--files-only"]) == 0
