"""Small pieces of scikit-learn's two photographs: real colours without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.images import ImageDataset
from egan_tf.utils.checks import one_of

SIDE = 32
STRIDE = 8
FILES = ("china.jpg", "flower.jpg")


def load(argument: str, data_dir: Path, split: str = "train") -> ImageDataset:
    """The 7,700 RGB patches of 32×32, one at every eighth row and column of scikit-learn's two photographs.

    Args:
        argument: unused.
        data_dir: unused; the files are part of scikit-learn.
        split: "train", the only one.

    Raises:
        InputError: unknown split.
    """
    from sklearn.datasets import load_sample_image

    one_of("split", split, ("train",))
    images = np.concatenate([cut(load_sample_image(name)) for name in FILES])
    return ImageDataset(
        "patches",
        images,
        about=About(
            f"{len(images):,} overlapping RGB patches of 32x32 from two photographs, a Chinese temple and a flower, as "
            "shipped with scikit-learn.",
            license="CC BY 2.0; attribution: danielbuechele (china.jpg), vultilion (flower.jpg), on flickr.com",
            source="https://www.flickr.com/photos/danielbuechele/6061409035 and "
            "https://www.flickr.com/photos/vultilion/6056698931, in scikit-learn's sklearn.datasets",
            citation="F. Pedregosa et al., Scikit-learn: machine learning in Python, JMLR 12, 2011",
        ),
    )


def cut(photograph: np.ndarray) -> np.ndarray:
    """All patches of a photograph [H, W, C] at multiples of `STRIDE`, row by row: [N, `SIDE`, `SIDE`, C]."""
    windows = np.lib.stride_tricks.sliding_window_view(photograph, (SIDE, SIDE), axis=(0, 1))[::STRIDE, ::STRIDE]
    return np.ascontiguousarray(windows.transpose(0, 1, 3, 4, 2)).reshape(-1, SIDE, SIDE, photograph.shape[2])
