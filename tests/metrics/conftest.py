"""Small data sets whose labels a network can learn."""

from __future__ import annotations

import numpy as np
import pytest

from egan_tf.data import ImageDataset

SIDE = 8


def striped(count: int, seed: int, split: str = "train") -> ImageDataset:
    """Noisy images; the label is the position of the bright row."""
    random = np.random.default_rng(seed)
    labels = random.integers(4, size=count)
    images = random.integers(0, 60, size=(count, SIDE, SIDE, 1))
    images[np.arange(count), 2 * labels] += 180
    return ImageDataset("striped", images.astype(np.uint8), labels, list("abcd"), "made up", split)


@pytest.fixture(scope="session")
def stripes() -> ImageDataset:
    return striped(600, 0)
