"""Data sets by name.

`load("fashion_mnist", data_dir)` returns a `Dataset`. A new one is a function `(data_dir, split) -> Dataset` and a
name in `DATASETS`. Importing this package imports no TensorFlow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from egan_tf.data import cifar10, digits, fashion_mnist, mixtures
from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.utils.checks import one_of

__all__ = ["DATASETS", "Dataset", "GaussianMixture", "ImageDataset", "Loader", "load"]


class Loader(Protocol):
    """Makes a data set from what lies in `data_dir`; raises InputError if it has no such split or no such data."""

    def __call__(self, data_dir: Path, split: str = "train") -> Dataset:
        """Returns the part `split` of the data set, from what lies in `data_dir`."""
        ...


DATASETS: dict[str, Loader] = {
    "cifar10": cifar10.load,
    "digits": digits.load,
    "fashion_mnist": fashion_mnist.load,
    "grid25": mixtures.load_grid25,
    "ring8": mixtures.load_ring8,
}


def load(name: str, data_dir: str | Path, split: str = "train") -> Dataset:
    """Returns the data set called `name`, preparing it in `data_dir` first if it has to be.

    Args:
        name: one of `DATASETS`.
        data_dir: where prepared data sets lie, in TFDS' layout; made if needed. A leading ~ is the home directory.
        split: "train", or "test" where the data set has a test part.

    Raises:
        InputError: unknown name or split, or the data are neither there nor to be had.
    """
    return DATASETS[one_of("dataset", name, DATASETS)](Path(data_dir).expanduser(), split)
