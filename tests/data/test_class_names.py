"""Classes have names by which each can be chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import ImageDataset, load
from egan_tf.utils.checks import InputError

PIXELS = np.zeros([4, 8, 8, 1], "uint8")
LABELS = np.array([0, 1, 2, 0])
SAYS = "^dataset: two classes are named 'cat', but a class is chosen by its name; rename one$"


def test_two_classes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=SAYS):
        ImageDataset("mine", PIXELS, LABELS, ["cat", "dog", "cat"])
    np.savez(tmp_path / "mine.npz", images=PIXELS, labels=LABELS, class_names=["cat", "dog", " cat"])
    with pytest.raises(InputError, match=SAYS):
        load(f"npz:{tmp_path / 'mine.npz'}", tmp_path)


def test_folders_whose_names_read_alike_are_refused(tmp_path: Path) -> None:
    import PIL.Image

    for name in ("cat", "cat "):
        (tmp_path / "mine" / name).mkdir(parents=True)
        PIL.Image.new("L", (8, 8)).save(tmp_path / "mine" / name / "one.png")
    with pytest.raises(InputError, match=SAYS):
        load(f"folder:{tmp_path / 'mine'}", tmp_path)
