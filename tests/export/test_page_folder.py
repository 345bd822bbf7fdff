"""Where a page may be written, and what of the user stays."""

from __future__ import annotations

from pathlib import Path

import pytest

import egan_tf.export.page
from tests.export.pages import fake_package, page, refused
from tests.export.receipts import unreadable
from tests.sampling.onnx_files import CLASSES, build, put

TEMPLATES = Path(egan_tf.export.page.__file__).parent / "templates"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "models" / "it").mkdir(parents=True)
    return put(tmp_path / "models" / "it", build(CLASSES))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return fake_package(tmp_path)


def test_a_folder_is_replaced_only_if_it_is_a_page_and_with_overwrite(
    model: Path, package: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page"
    arguments = (model, "--out", out, "--onnxruntime-web", package)
    page(*arguments)
    (out / "page.js").write_text("damaged")
    refused("--overwrite replaces it", *arguments)
    page(*arguments, "--overwrite")
    assert (out / "page.js").read_bytes() == (TEMPLATES / "page.js").read_bytes()
    (out / "mine.txt").write_text("keep")
    refused("holds mine.txt, not of the page", *arguments, "--overwrite")
    (tmp_path / "other").mkdir()
    page(model, "--out", tmp_path / "other", "--onnxruntime-web", package)
    refused("is no page of egan_tf", model, "--out", package, "--onnxruntime-web", package, "--overwrite")
    refused("is no page of egan_tf", model, "--out", model, "--onnxruntime-web", package, "--overwrite")


CARDS = {
    "an export": ('{"format": "egan_tf export 2", "files": {}}', "lies in the export"),
    "one of an earlier version": ('{"format": "egan_tf export 1", "files": {}}', "lies in the export"),
    "a damaged card": ("{", None),
    "something else": ("{}", None),
    "of another program": ('{"format": "other", "files": {}}', None),
}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("depth", [1, 3])
def test_a_page_lies_in_no_export(name: str, depth: int, model: Path, package: Path, tmp_path: Path) -> None:
    """A `card.json` of something else is no export; one beside the page that cannot be read may be."""
    content, message = CARDS[name]
    above = tmp_path / "above"
    out = above / Path(*"ab"[: depth - 1]) / "page"
    above.mkdir()
    (above / "card.json").write_text(content)
    if name == "a damaged card" and depth == 1:
        message = "may be an export; choose another folder"
    if message:
        refused(message, model, "--out", out, "--onnxruntime-web", package)
        assert [path.name for path in above.iterdir()] == ["card.json"]
    else:
        page(model, "--out", out, "--onnxruntime-web", package)


OTHERS = (
    "mine.txt",
    "onnxruntime/mine.txt",
    "onnxruntime/deep/mine",
    "onnxruntime/.git/config",
    "page.js/mine",
    "empty/",
)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("kind", ["file", "link"])
def test_files_of_the_user_stay_wherever_they_are(
    name: str, kind: str, model: Path, package: Path, tmp_path: Path
) -> None:
    out = tmp_path / "page"
    arguments = (model, "--out", out, "--onnxruntime-web", package)
    page(*arguments)
    mine = out / name
    if name == "page.js/mine":
        (out / "page.js").unlink()
    mine.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith("/"):
        mine.mkdir()
    elif kind == "file":
        mine.write_text("keep")
    else:
        mine.symlink_to(tmp_path)
    refused("not of the page; move that away first", *arguments, "--overwrite")
    assert mine.is_symlink() or mine.is_dir() or mine.read_text() == "keep"


def test_a_folder_that_cannot_be_read_is_one_line(
    model: Path, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (model, "--out", tmp_path / "page", "--onnxruntime-web", package)
    page(*arguments)
    unreadable(monkeypatch, tmp_path / "page" / "onnxruntime")
    refused("^out: cannot read .*onnxruntime: Permission denied; move", *arguments, "--overwrite")
    unreadable(monkeypatch, tmp_path / "page")
    refused("^out: cannot (read|write) .*page: Permission denied", *arguments, "--overwrite")
