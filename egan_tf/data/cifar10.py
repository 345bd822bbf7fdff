"""CIFAR-10 from TFDS, which downloads it (162 MiB) unless it is prepared already."""

from __future__ import annotations

from pathlib import Path

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.data.tfds_files import check_available
from egan_tf.data.tfds_source import SPLITS, load_images
from egan_tf.utils.checks import one_of

NAME = "cifar10"


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 50,000 ("train") or 10,000 ("test") RGB 32×32 images.

    Raises:
        InputError: unknown split, or the data set is not prepared in `data_dir` and its site cannot be reached.
    """
    counts = {"train": "50,000", "test": "10,000"}
    about = About(
        f"CIFAR-10, {split} split: {counts.get(split)} RGB 32x32 pictures in 10 classes, prepared by TFDS.",
        license="none stated",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        citation="A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
    )
    return load_images(NAME, data_dir, split, about, "some minutes, 162 MiB to download")


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, SPLITS)
    check_available(NAME, data_dir)
