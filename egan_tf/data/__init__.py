"""Data sets by name.

`load("fashion_mnist", data_dir)` returns a `Dataset`. To add one, write a function `(data_dir, split) -> Dataset` and
name it in `DATASETS`. Importing this package imports no TensorFlow.
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
    """Loads a data set."""

    def __call__(self, data_dir: Path, split: str = "train") -> Dataset:
        """Loads one split, from the files in `data_dir` if it needs any.

        Raises:
            InputError: the split or the files do not exist.
        """
        ...


DATASETS: dict[str, Loader] = {
    "cifar10": cifar10.load,
    "digits": digits.load,
    "fashion_mnist": fashion_mnist.load,
    "grid25": mixtures.load_grid25,
    "ring8": mixtures.load_ring8,
}


def load(name: str, data_dir: str | Path, split: str = "train") -> Dataset:
    """Loads a data set by name; prepares it in `data_dir` first if necessary.

    Args:
        name: one of `DATASETS`.
        data_dir: folder of prepared data sets, in the layout of TFDS; made if needed. A leading ~ is the home folder.
        split: "train", or "test" if the data set has a test split.

    Raises:
        InputError: an unknown name or split, or the data set is not prepared and cannot be.
    """
    return DATASETS[one_of("dataset", name, DATASETS)](Path(data_dir).expanduser(), split)
