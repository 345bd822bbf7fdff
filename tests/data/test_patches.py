from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import load
from egan_tf.data.patches import cut
from egan_tf.utils.checks import InputError


def test_patches_are_pieces_of_both_photographs(tmp_path: Path) -> None:
    from sklearn.datasets import load_sample_image

    dataset = load("patches", tmp_path)
    assert dataset.images.shape == (7700, 32, 32, 3) and dataset.labels is None
    china, flower = (load_sample_image(name) for name in ("china.jpg", "flower.jpg"))
    assert np.array_equal(dataset.images[0], china[:32, :32])
    assert np.array_equal(dataset.images[78], china[8:40, 8:40])
    assert np.array_equal(dataset.images[3850], flower[:32, :32])
    assert np.array_equal(dataset.images[-1], flower[392:424, 608:])
    facts = dataset.facts()
    assert "CC BY 2.0" in facts["license"] and "danielbuechele" in facts["license"] and "vultilion" in facts["license"]


def test_cut_takes_rows_first() -> None:
    photograph = np.arange(48 * 64 * 2).reshape(48, 64, 2)
    patches = cut(photograph)
    assert patches.shape == (3 * 5, 32, 32, 2)
    assert np.array_equal(patches[1], photograph[:32, 8:40]) and np.array_equal(patches[5], photograph[8:40, :32])


def test_only_split_is_train(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^split: "):
        load("patches", tmp_path, "test")
