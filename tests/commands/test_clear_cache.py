"""`--clear-cache` empties the cache of decoded pictures and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from egan_tf import data
from egan_tf.commands import train as train_command


def entries(data_dir: Path) -> int:
    return len(list((data_dir / "decoded").rglob("images.npy")))


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
