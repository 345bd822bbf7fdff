"""The rules of `--out` hold for every kind of file that walks and nearest neighbours are written as."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from egan_tf.sampling.command import main
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.utils import atomic
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import IMAGE, build, put

WALK, NEAREST = ["--walk", "3", "--count", "3"], ["--nearest", "digits", "--count", "3"]
KINDS = {
    "x.png": (WALK, b"\x89PNG"),
    "x.npy": (WALK, b"\x93NUMPY"),
    "x.gif": (WALK, b"GIF89a"),
    "x.webp": (WALK, b"RIFF"),
    "x.WebP": (WALK, b"RIFF"),
    "y.png": (NEAREST, b"\x89PNG"),
    "x.npz": (NEAREST, b"PK"),
}


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, build(IMAGE))
    monkeypatch.chdir(tmp_path)


def write(out: str, *flags: str, model: str = "generator.onnx") -> None:
    main([model, "--out", out, *KINDS[Path(out).name][0], *flags])


@pytest.mark.parametrize("out", KINDS)
def test_the_name_says_what_is_written_and_an_existing_file_stays_unless_told(out: str) -> None:
    write(out)
    written = Path(out).read_bytes()
    assert written.startswith(KINDS[out][1])
    Path(out).write_bytes(b"old")
    with pytest.raises(InputError, match=f"^out: {out} exists; --overwrite"):
        write(out)
    assert Path(out).read_bytes() == b"old"
    write(out, "--overwrite")
    assert out.endswith("npz") or Path(out).read_bytes() == written
    assert sorted(os.listdir()) == sorted(["generator.onnx", out])


@pytest.mark.parametrize("out", KINDS)
@pytest.mark.parametrize("way", ["itself", "link", "hard link", "missing"])
def test_files_of_an_export_are_never_replaced(out: str, way: str) -> None:
    Path("export").mkdir()
    listed = Path("export", out)
    Path("export", CARD_FILE).write_text(json.dumps({"files": {out: {"sha256": "0" * 64}}}))
    if way != "missing":
        listed.write_bytes(b"of an export")
    target = str(listed)
    if way in ("link", "hard link"):
        {"link": os.symlink, "hard link": os.link}[way](target, out)
        put(Path("export"), build(IMAGE))
        Path("export", CARD_FILE).write_text(json.dumps({"files": {out: {"sha256": "0" * 64}, **listed_model()}}))
        target = out
    model = "export" if way == "hard link" else "generator.onnx"  # no path leads from a hard link to the card
    with pytest.raises(InputError, match="^out: .* belongs to an export"):
        write(target, "--overwrite", model=model)
    assert way == "missing" or listed.read_bytes() == b"of an export"
    assert way != "missing" or not listed.exists()


def listed_model() -> dict[str, Any]:
    return {"generator.onnx": {"sha256": atomic.sha256_of(Path("generator.onnx"))}}


@pytest.mark.parametrize("out", KINDS)
def test_a_failed_write_leaves_the_old_file(out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(out).write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=f"^out: cannot write {out}: No space left on device"):
        write(out, "--overwrite")
    assert Path(out).read_bytes() == b"old" and sorted(os.listdir()) == sorted(["generator.onnx", out])
