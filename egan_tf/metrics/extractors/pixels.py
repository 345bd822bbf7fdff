"""Pixels as features: no network and no training, but blind to the content of an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, content_hash
from egan_tf.metrics.frechet import Moments
from egan_tf.utils.checks import require

COMPONENTS = 64
MAX_PIXELS = 4096
"""Of more, the principal axes would take gigabytes and hours."""
FIT_BATCH = 2048


class Pixels(Extractor):
    """Pixels in [-1, 1], flattened."""

    name = "pixels"
    resize = "none"

    def __init__(self, shape: tuple[int, ...]) -> None:
        """Args: shape: of one image, [H, W, C]."""
        self.shape = tuple(shape)
        self.size = int(np.prod(shape))
        self.hash = content_hash(self.name, str(self.shape))

    def compute(self, images: np.ndarray) -> Activations:
        """The pixels as features."""
        found = images.shape[1:]
        require(found == self.shape, "images", f"must be {list(self.shape)} each, got {list(found)}")
        return Activations(images.reshape(len(images), -1), None)


class PrincipalPixels(Pixels):
    """The coordinates of the pixels along the principal axes of real images."""

    def __init__(self, shape: tuple[int, ...], mean: np.ndarray, axes: np.ndarray) -> None:
        """Defines the projection.

        Args:
            shape: of one image, [H, W, C].
            mean: float32 [pixels], of the real images.
            axes: float32 [d, pixels], orthonormal rows.
        """
        super().__init__(shape)
        self.name = f"pixels_pca{len(axes)}"
        self.size = len(axes)
        self._mean, self._axes = mean, axes
        self.hash = content_hash(self.name, str(self.shape), mean, axes)

    def compute(self, images: np.ndarray) -> Activations:
        """The coordinates as features."""
        return Activations((super().compute(images).features - self._mean) @ self._axes.T, None)


def load_pixels(dataset: ImageDataset, data_dir: Path) -> Extractor:
    """The pixels themselves."""
    return Pixels(dataset.shape)


def load_principal_pixels(dataset: ImageDataset, data_dir: Path, components: int = COMPONENTS) -> Extractor:
    """The pixels along the first principal axes of all images: `components`, or one per pixel if fewer."""
    size = int(np.prod(dataset.shape))
    fits = size <= MAX_PIXELS
    problem = f"pixels_pca takes images of at most {MAX_PIXELS:,} numbers, and {dataset.name} has {size:,}"
    require(fits, "extractor", f"{problem}; take efficientnet_lite0 or pixels")
    pixels = dataset.images.reshape(len(dataset.images), -1)
    total = Moments.empty(pixels.shape[1])
    for start in range(0, len(pixels), FIT_BATCH):
        total = total + Moments.from_features(pixels[start : start + FIT_BATCH] / 127.5 - 1.0)
    axes = np.linalg.eigh(total.scatter)[1].T[::-1][:components]
    return PrincipalPixels(dataset.shape, total.mean.astype(np.float32), np.ascontiguousarray(axes, np.float32))
