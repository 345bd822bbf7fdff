"""The handwritten digits of scikit-learn: real, tiny, and available without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.utils.checks import one_of


def load(data_dir: Path, split: str = "train") -> ImageDataset:
    """The 1,797 grey 8×8 digits, their values 0..16 scaled to 0..255.

    Args:
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
        description=(
            "1,797 handwritten digits, grey, 8x8, in 10 classes: the test part of UCI's Optical Recognition of "
            "Handwritten Digits (E. Alpaydin and C. Kaynak, CC BY 4.0), as shipped with scikit-learn."
        ),
    )
