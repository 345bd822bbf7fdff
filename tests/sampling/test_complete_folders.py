"""Nothing is written into an export or a page, whoever writes; what only looks like one is a folder as any other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import keras
import pytest

from egan_tf import InputError, Sampler, export_generator
from egan_tf.commands import train
from egan_tf.report import command as report
from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.sampling.files import write_samples
from egan_tf.sampling.walk_files import write_walk
from egan_tf.training.run_folder import create_numbered_folder
from tests.sampling.onnx_files import CLASSES, build, put

FOLDERS = {
    "export": ("card.json", {"format": "egan_tf export 2", "files": {}}),
    "export of a later version": ("card.json", {"format": "egan_tf export 33", "files": {}}),
    "page": ("generator.json", {"page": 1}),
}
ORDINARY = {
    "card of something else": ("card.json", {"format": "egan_tf export 2"}),
    "list": ("card.json", ["files"]),
    "data of something else": ("generator.json", {"pages": 1}),
}


def make(folder: Path, file: str, content: object) -> None:
    folder.mkdir()
    (folder / "deep").mkdir()
    (folder / file).write_text(json.dumps(content))


def export(place: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    export_generator(model, place, formats=["onnx"], rows_per_call=1)


WRITERS: dict[str, Callable[[Path], object]] = {
    "export": export,
    "run or study": lambda place: create_numbered_folder(place.parent, place.name, {}, "runs_dir"),
    "dry run": lambda place: train.main(["--preset", "ring8", "--dry-run", "--runs-dir", str(place)]),
    "run's export": lambda place: train.main(["--preset", "ring8", "--dry-run", "--models-dir", str(place)]),
    "report": lambda place: report.main([str(place.parent), "--out", f"{place}.html"]),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("inside", ["new", "deep/new", "../link/new"])
def test_nothing_is_written_into_it(writer: str, name: str, inside: str, tmp_path: Path) -> None:
    make(tmp_path / "it", *FOLDERS[name])
    (tmp_path / "link").symlink_to("it/deep")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"lies in the (export|page) .*it"):
        WRITERS[writer](tmp_path / "it" / inside)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", FOLDERS)
def test_samples_and_walks_are_not_written_into_it(name: str, tmp_path: Path) -> None:
    make(tmp_path / "it", *FOLDERS[name])
    sampler = Sampler(put(tmp_path, build(CLASSES)))
    with pytest.raises(InputError, match="^out: .* lies in the"):
        write_samples(sampler, tmp_path / "it" / "deep" / "new.npy", 2, 0)
    with pytest.raises(InputError, match="^out: .* lies in the"):
        write_walk(sampler, tmp_path / "it" / "new.npy", 2, 2, 0)
    assert not list((tmp_path / "it" / "deep").iterdir())


@pytest.mark.parametrize("name", ORDINARY)
def test_what_only_looks_like_one_is_a_folder_as_any_other(name: str, tmp_path: Path) -> None:
    make(tmp_path / "it", *ORDINARY[name])
    check_outside_exports("out", tmp_path / "it" / "new")
    create_numbered_folder(tmp_path / "it", "new", {}, "runs_dir")
    assert (tmp_path / "it" / "001-new").is_dir()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"", None])
def test_a_file_of_that_name_that_cannot_be_read_is_no_page(content: bytes | None, tmp_path: Path) -> None:
    """Above all it is not waited for, as reading a pipe would."""
    if content is None:
        os.mkfifo(tmp_path / "generator.json")
    else:
        (tmp_path / "generator.json").write_bytes(content)
    check_outside_exports("out", tmp_path / "new" / "file")


def test_the_folder_itself_may_be_one(tmp_path: Path) -> None:
    make(tmp_path / "it", *FOLDERS["export"])
    check_outside_exports("out", tmp_path / "it")
