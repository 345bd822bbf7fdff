"""What is known of the real images, computed once and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.arrays import filled
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.store import file_for, load_arrays, save_arrays
from egan_tf.utils.checks import integer

BLOCK = 512


@dataclass(frozen=True)
class Reference:
    """Real images as an extractor sees them.

    Attributes:
        moments: of the features.
        features: float32 [count, d], or None where only the moments were asked for.
    """

    moments: Moments
    features: np.ndarray | None = None

    @property
    def count(self) -> int:
        """How many images."""
        return self.moments.count


def load_reference(
    dataset: ImageDataset,
    extractor: Extractor,
    count: int,
    folder: Path | None = None,
    with_features: bool = False,
) -> Reference:
    """Returns what the extractor makes of `count` real images, from a file where there is one.

    The images are evenly spaced in the data set's stored order. A file belongs to the data set's fingerprint, split and
    count and to the extractor's hash and way of resizing; one that is damaged is written anew.

    Args:
        dataset: the images.
        extractor: the extractor.
        count: how many; all, if there are fewer.
        folder: where the files are kept; None for nowhere.
        with_features: whether the features themselves are wanted, whose memory grows with `count`.

    Raises:
        InputError: `count` is below 1, the extractor does not take the images, or `folder` cannot be written.
    """
    count = min(integer("count", count), len(dataset.images))
    about = {
        "kind": "features" if with_features else "moments",
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "split": dataset.split,
        "count": count,
        "extractor": extractor.name,
        "hash": extractor.hash,
        "resize": extractor.resize,
    }
    path = None if folder is None else file_for(folder, about)
    kept = None if path is None else load_arrays(path, about)
    if kept is not None:
        found = _from_arrays(kept, count, extractor.size, with_features)
        if found is not None:
            return found
    found = _compute(dataset, extractor, count, with_features)
    if path is not None:
        save_arrays(path, about, _to_arrays(found))
    return found


def real_images(dataset: ImageDataset, count: int, block: int = BLOCK) -> Iterator[np.ndarray]:
    """Yields `count` images evenly spaced in the stored order, float32 [n, H, W, C] in [-1, 1], block by block."""
    chosen = np.arange(count) * len(dataset.images) // count
    for start in range(0, count, block):
        yield dataset.images[chosen[start : start + block]].astype(np.float32) / 127.5 - 1.0


def _compute(dataset: ImageDataset, extractor: Extractor, count: int, with_features: bool) -> Reference:
    parts = (extractor.features(images) for images in real_images(dataset, count))
    if with_features:
        features = filled(count, parts)
        return Reference(Moments.of(features), features)
    return Reference(sum(map(Moments.of, parts), Moments.none(extractor.size)))


def _to_arrays(reference: Reference) -> dict[str, Any]:
    if reference.features is not None:
        return {"features": reference.features}
    return {"mean": reference.moments.mean, "scatter": reference.moments.scatter}


def _from_arrays(arrays: dict[str, np.ndarray], count: int, size: int, with_features: bool) -> Reference | None:
    """The reference, or None where the arrays are not those of one."""
    shapes: dict[str, tuple[int, ...]] = {"mean": (size,), "scatter": (size, size)}
    if with_features:
        shapes = {"features": (count, size)}
    if {name: array.shape for name, array in arrays.items()} != shapes:
        return None
    if not all(array.dtype.kind == "f" and np.isfinite(array).all() for array in arrays.values()):
        return None
    if with_features:
        return Reference(Moments.of(arrays["features"]), arrays["features"])
    return Reference(Moments(count, arrays["mean"], arrays["scatter"]))
