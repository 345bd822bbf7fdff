"""The handwritten digits of scikit-learn: real, tiny, and available without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.utils.checks import one_of


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 1,797 grey 8×8 digits, their values 0..16 scaled to 0..255.

    Args:
        argument: unused.
        data_dir: unused; the files are part of scikit-learn.
        split: "train", the only one.

    Raises:
        InputError: unknown split.
    """
    from sklearn.datasets import load_digits

    one_of("split", split, ("train",))
    source = load_digits()
    images = np.round(source.images * (255 / 16)).astype(np.uint8)[..., None]
    return ImageDataset(
        "digits",
        images,
        source.target,
        class_names=tuple(str(name) for name in source.target_names),
        about=About(
            "1,797 handwritten digits, grey, 8x8, in 10 classes: the test part of UCI's Optical Recognition of "
            "Handwritten Digits, as shipped with scikit-learn.",
            license="CC BY 4.0",
            source="https://archive.ics.uci.edu/dataset/80",
            citation="E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning "
            "Repository, 1998, doi 10.24432/C50P49",
        ),
    )
