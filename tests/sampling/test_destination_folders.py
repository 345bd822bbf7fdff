"""Folders as `--out`: what cannot get its name at the end is refused before a sample is drawn."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from egan_tf.sampling import Sampler
from egan_tf.sampling.files import write_samples
from egan_tf.sampling.program import Program
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, build, put


@pytest.fixture
def sampler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sampler:
    """Of a model in the current folder, beside an empty folder `real`."""
    monkeypatch.chdir(tmp_path)
    put(tmp_path, build(IMAGE))
    Path("real").mkdir()
    return Sampler("generator.onnx")


def must_not_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Program, "run", lambda *_: pytest.fail("drew samples before it refused"))


@pytest.mark.parametrize("out", ["link", "link/", "other", "absolute/"])
def test_a_link_to_an_empty_folder_is_refused_before(
    out: str, sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("link").symlink_to("real")
    Path("other").symlink_to("link")
    Path("absolute").symlink_to(tmp_path / "real")
    must_not_draw(monkeypatch)
    with pytest.raises(InputError, match=f"^out: {out.rstrip('/')} is a link; give the folder itself"):
        write_samples(sampler, out, 3, 0)
    assert Path("link").is_symlink() and list(Path("real").iterdir()) == []


def test_a_mount_point_is_refused_before(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "real")
    must_not_draw(monkeypatch)
    with pytest.raises(InputError, match="^out: real is a mount point; give a folder inside it"):
        write_samples(sampler, "real", 3, 0)


def test_a_folder_below_a_link_is_written(sampler: Sampler) -> None:
    Path("link").symlink_to("real")
    write_samples(sampler, "link/samples", 3, 0)
    write_samples(sampler, "real/samples.npy", 3, 0)
    assert len(list(Path("real/samples").iterdir())) == 3


@pytest.mark.parametrize("out", ["new.png", "new.npy", "folder/", "empty/", "deep/er/new.png", "../linked/new.png"])
@pytest.mark.parametrize("version", ["1", "2", "33"])
def test_nothing_is_written_into_an_export(
    out: str, version: str, sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("it/deep/er", "it/empty"):
        Path(folder).mkdir(parents=True)
    Path("linked").symlink_to("it")
    Path("it/card.json").write_text(json.dumps({"format": f"egan_tf export {version}", "files": {}}))
    before = sorted(Path("it").rglob("*"))
    must_not_draw(monkeypatch)
    for overwrite in (False, True):
        with pytest.raises(
            InputError, match="^out: it/.* lies in the export .*it, whose card would not list it; choose"
        ):
            write_samples(sampler, f"it/{out}", 3, 0, overwrite=overwrite)
    monkeypatch.chdir("it")
    with pytest.raises(InputError, match="lies in the export"):
        write_samples(Sampler("../generator.onnx"), out, 3, 0)
    assert sorted(Path("../it").rglob("*")) == [Path("..") / path for path in before]


@pytest.mark.parametrize("card", [{"files": {"x.png": {}}}, {"format": "egan_tf export 2"}, {"format": 3, "files": {}}])
def test_beside_another_card_a_new_file_is_written(card: dict, sampler: Sampler) -> None:
    Path("real/card.json").write_text(json.dumps(card))
    write_samples(sampler, "real/new.png", 3, 0)
    assert Path("real/new.png").exists()
