"""Folders as `--out`: what cannot get its name at the end is refused before a sample is drawn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from egan_tf.sampling import Sampler
from egan_tf.sampling.files import write_samples
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
    monkeypatch.setattr(Sampler, "_run", lambda *_: pytest.fail("drew samples before it refused"))


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
