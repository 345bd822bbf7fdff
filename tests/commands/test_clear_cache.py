"""`--clear-cache` empties the cache of decoded pictures and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from egan_tf import InputError, data
from egan_tf.commands import train as train_command


def entries(data_dir: Path) -> int:
    return len(list((data_dir / "decoded").rglob("images.npy")))


def filled(data_dir: Path) -> Path:
    """A folder with one entry, which looks like those that are decoded."""
    entry = data_dir / "decoded" / ("0" * 64)
    entry.mkdir(parents=True)
    (entry / "images.npy").write_bytes(b"x")
    return data_dir


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--dry-run"], "--dry-run"),
        (["--resume", "--no-tensorboard"], "--tensorboard --resume"),
        (["--list"], "--list"),
        (["--trust-code", "--steps", "5"], "--trust-code --steps"),
    ],
)
def test_what_it_would_ignore_is_refused(flags: list[str], named: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^clear_cache: does nothing else; leave out ") as error:
        train_command.main(["--clear-cache", "--data-dir", str(filled(tmp_path)), *flags])
    assert set(named.split()) == {word.strip(":") for word in str(error.value).split() if word.startswith("--")} - {
        "--data-dir"
    }
    assert entries(tmp_path) == 1


def test_the_help_clears_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train_command.main(["--clear-cache", "--help", "--data-dir", str(filled(tmp_path))])
    assert "--clear-cache" in capsys.readouterr().out and entries(tmp_path) == 1


def test_it_removes_what_was_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures, folder = tmp_path / "pictures", tmp_path / "data"
    pictures.mkdir()
    for index in range(3):
        PIL.Image.fromarray(np.full((200, 200, 3), index, np.uint8)).save(pictures / f"{index}.png")
    before = data.load(f"folder:{pictures}", folder, resolution=128).fingerprint
    (folder / "mine.txt").write_text("kept")
    assert entries(folder) == 1
    for printed in ("freed 0.1 MB", "freed 0.0 MB"):
        with pytest.raises(SystemExit) as stop:
            train_command.main(["--clear-cache", "--data-dir", str(folder)])
        assert stop.value.code == 0 and printed in capsys.readouterr().out
        assert entries(folder) == 0
    assert (folder / "mine.txt").read_text() == "kept" and len(list(pictures.iterdir())) == 3
    assert data.load(f"folder:{pictures}", folder, resolution=128).fingerprint == before
