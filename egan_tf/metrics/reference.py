"""Statistics of the real images under an extractor, computed once and cached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.arrays import concatenate
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.store import cache_path, load_arrays, save_arrays
from egan_tf.utils.checks import InputError, integer
from egan_tf.utils.log_line import log_line

BATCH = 512


@dataclass(frozen=True)
class Reference:
    """Statistics of real images.

    Attributes:
        moments: of the features.
        features: float32 [count, d], or None if only the moments were requested.
    """

    moments: Moments
    features: np.ndarray | None = None

    @property
    def count(self) -> int:
        """The number of images."""
        return self.moments.count


def load_reference(
    dataset: ImageDataset,
    extractor: Extractor,
    count: int,
    folder: Path | None = None,
    with_features: bool = False,
) -> Reference:
    """The statistics of `count` real images, from the cache if they are there.

    The images are evenly spaced in the stored order of the data set. The cache key holds the fingerprint, split and
    count of the data set, and hash and resizing of the extractor; a damaged file is computed again. Where the cache
    cannot be written, a line on stderr says so.

    Args:
        dataset: the images.
        extractor: computes the features.
        count: the number of images; all, if there are fewer.
        folder: of the cache; None for no cache.
        with_features: also returns the features, whose memory grows with `count`.

    Raises:
        InputError: `count` is below 1, or the extractor does not take the images.
    """
    count = min(integer("count", count), len(dataset.images))
    key = {
        "kind": "features" if with_features else "moments",
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "split": dataset.split,
        "count": count,
        "extractor": extractor.name,
        "hash": extractor.hash,
        "resize": extractor.resize,
    }
    path = None if folder is None else cache_path(folder, key)
    cached = None if path is None else load_arrays(path, key)
    if cached is not None:
        reference = _from_arrays(cached, count, extractor.size, with_features)
        if reference is not None:
            return reference
    reference = _compute(dataset, extractor, count, with_features)
    if path is not None:
        try:
            save_arrays(path, key, _to_arrays(reference))
        except InputError as error:  # what was computed is good, and a run goes on
            log_line(f"{dataset.name}: statistics of its images are not kept ({error})")
    return reference


def real_images(dataset: ImageDataset, count: int, batch: int = BATCH) -> Iterator[np.ndarray]:
    """Yields `count` images evenly spaced in the stored order, in batches float32 [n, H, W, C] in [-1, 1]."""
    indices = np.arange(count) * len(dataset.images) // count
    for start in range(0, count, batch):
        yield dataset.images[indices[start : start + batch]].astype(np.float32) / 127.5 - 1.0


def _compute(dataset: ImageDataset, extractor: Extractor, count: int, with_features: bool) -> Reference:
    parts = (extractor.features(images) for images in real_images(dataset, count))
    if with_features:
        features = concatenate(count, parts)
        return Reference(Moments.from_features(features), features)
    return Reference(sum(map(Moments.from_features, parts), Moments.empty(extractor.size)))


def _to_arrays(reference: Reference) -> dict[str, Any]:
    if reference.features is not None:
        return {"features": reference.features}
    return {"mean": reference.moments.mean, "scatter": reference.moments.scatter}


def _from_arrays(arrays: dict[str, np.ndarray], count: int, size: int, with_features: bool) -> Reference | None:
    """The reference, or None if names, shapes, types or values of the arrays are wrong."""
    shapes: dict[str, tuple[int, ...]] = {"mean": (size,), "scatter": (size, size)}
    if with_features:
        shapes = {"features": (count, size)}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        return None
    if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays.values()):
        return None
    if with_features:
        return Reference(Moments.from_features(arrays["features"]), arrays["features"])
    return Reference(Moments(count, arrays["mean"], arrays["scatter"]))
