"""Pixels as features: no network and no training, but blind to the content of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, content_hash
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.store import cache_path, load_arrays, made_by_one, make_folder_of, save_arrays
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.log_line import log_line

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
    """The coordinates of the pixels along the principal axes of real images.

    Attributes:
        mean: float32 [pixels], of the real images.
        axes: float32 [d, pixels], orthonormal rows.
    """

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
        self.mean, self.axes = mean, axes
        self.hash = content_hash(self.name, str(self.shape), mean, axes)

    def compute(self, images: np.ndarray) -> Activations:
        """The coordinates as features."""
        return Activations((super().compute(images).features - self.mean) @ self.axes.T, None)


def load_pixels(dataset: ImageDataset, data_dir: Path) -> Extractor:
    """The pixels themselves."""
    return Pixels(dataset.shape)


def load_principal_pixels(dataset: ImageDataset, data_dir: Path, components: int = COMPONENTS) -> Extractor:
    """The pixels along the first principal axes of all images: `components`, or one per pixel if fewer.

    The axes are kept in `data_dir`/metrics/, because the order in which a library sums changes their last bits and may
    turn them round.
    """
    _check_size(dataset)
    key = {"kind": "axes", "dataset": dataset.name, "fingerprint": dataset.fingerprint, "components": components}
    path = cache_path(data_dir / "metrics", key)
    known = _stored(path, key, dataset, components)
    if known is None:
        known = principal_pixels(dataset, components)
        try:
            make_folder_of(path)
            with made_by_one(path, f"{dataset.name}: waiting for another process, which makes files in {path.parent}"):
                known = _stored(path, key, dataset, components) or known
                save_arrays(path, key, {"mean": known.mean, "axes": known.axes})
        except InputError as error:
            log_line(f"{dataset.name}: its principal axes are not kept ({error})")
    return known


def untrained_principal_pixels(dataset: ImageDataset, data_dir: Path, components: int = COMPONENTS) -> Extractor:
    """As `load_principal_pixels` with any axes, for checks: nothing is read, computed or written."""
    _check_size(dataset)
    size = int(np.prod(dataset.shape))
    return PrincipalPixels(dataset.shape, np.zeros(size, np.float32), np.eye(components, size, dtype=np.float32)[:size])


def principal_pixels(dataset: ImageDataset, components: int) -> PrincipalPixels:
    """The pixels along the principal axes of all images, computed now."""
    pixels = dataset.images.reshape(len(dataset.images), -1)
    total = Moments.empty(pixels.shape[1])
    for start in range(0, len(pixels), FIT_BATCH):
        total = total + Moments.from_features(pixels[start : start + FIT_BATCH] / 127.5 - 1.0)
    axes = np.linalg.eigh(total.scatter)[1].T[::-1][:components]
    return PrincipalPixels(dataset.shape, total.mean.astype(np.float32), np.ascontiguousarray(axes, np.float32))


def _check_size(dataset: ImageDataset) -> None:
    size = int(np.prod(dataset.shape))
    problem = f"pixels_pca takes images of at most {MAX_PIXELS:,} numbers, and {dataset.name} has {size:,}"
    require(size <= MAX_PIXELS, "extractor", f"{problem}; take efficientnet_lite0 or pixels")


def _stored(path: Path, key: dict[str, Any], dataset: ImageDataset, components: int) -> PrincipalPixels | None:
    """The axes in a file; None if it is missing or damaged."""
    found, size = load_arrays(path, key), int(np.prod(dataset.shape))
    shapes = {"mean": (size,), "axes": (min(components, size), size)}
    if found is None or {name: array.shape for name, array in found.items()} != shapes:
        return None
    return PrincipalPixels(dataset.shape, found["mean"], found["axes"])
