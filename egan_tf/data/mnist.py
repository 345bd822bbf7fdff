"""MNIST from TFDS, which downloads it (11 MiB) unless it is prepared already."""

from __future__ import annotations

from pathlib import Path

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.data.tfds_files import check_available
from egan_tf.data.tfds_source import SPLITS, load_images
from egan_tf.utils.checks import one_of

NAME = "mnist"


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 60,000 ("train") or 10,000 ("test") grey 28×28 handwritten digits.

    Raises:
        InputError: unknown split, or the data set is not prepared in `data_dir` and its site cannot be reached.
    """
    counts = {"train": "60,000", "test": "10,000"}
    about = About(
        f"MNIST, {split} split: {counts.get(split)} handwritten digits, grey, 28x28, in 10 classes, prepared by TFDS.",
        license="none stated by its authors; Keras' documentation says CC BY-SA 3.0",
        source="http://yann.lecun.com/exdb/mnist/",
        citation="Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document "
        "recognition, Proceedings of the IEEE 86(11), 1998",
    )
    return load_images(NAME, data_dir, split, about, "under a minute, 11 MiB to download")


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, SPLITS)
    check_available(NAME, data_dir)
