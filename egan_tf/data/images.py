"""Data sets of images that fit into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.base import Dataset, check_batch_arguments
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.order import batch_indices

if TYPE_CHECKING:
    import tensorflow as tf

CHANNELS = (1, 3, 4)


class ImageDataset(Dataset):
    """Images in [-1, 1], from an array of uint8.

    Attributes:
        images: uint8 [N, H, W, C], read-only.
        labels: int32 [N], read-only, or None.
        (and those of `Dataset`)
    """

    def __init__(
        self,
        name: str,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        class_names: Sequence[str] = (),
        about: About | None = None,
        split: str = "train",
    ) -> None:
        """Copies the images once, into a tensor in host memory.

        Args:
            name: of the data set.
            images: uint8 [N, H, W, C], N at least 1, C in {1, 3, 4}.
            labels: integers [N], each in [0, len(class_names)), or None.
            class_names: one per label; () if and only if there are no labels.
            about: facts for the model card.
            split: "train" or "test".

        Raises:
            InputError: the arrays have other types or shapes.
        """
        import tensorflow as tf

        check_images(images)
        labels = check_labels(labels, len(images), len(class_names))
        # As a captured tensor, the images are not a constant in the pipeline's graph. On a GPU they would take memory.
        with tf.device("CPU"):
            self._pixels = tf.constant(images)
            self._labels = None if labels is None else tf.constant(labels)
        self.images = _array_view(self._pixels)
        self.labels = None if labels is None else _array_view(self._labels)
        self.name = name
        self.split = split
        self.shape = tuple(images.shape[1:])
        self.value_range = (-1.0, 1.0)
        self.class_names = tuple(class_names)
        self.about = about or About(f"{len(images):,} images of {' x '.join(map(str, self.shape))}.")
        self.fingerprint = fingerprint(self.images, self.labels)

    def batches(self, size: int, seed: int, start: int = 0) -> tf.data.Dataset:
        """The batches of steps `start`, `start` + 1, ... in the order of `batch_indices`.

        Returns:
            Elements (images, labels), or images only if there are no labels: float32 [size, H, W, C] in [-1, 1] and
            int32 [size].

        Raises:
            InputError: as `Dataset.batches`.
        """
        import tensorflow as tf

        size, seed, start = check_batch_arguments(size, seed, start)
        options = tf.data.Options()
        options.deterministic = True
        return (
            tf.data.Dataset.counter(start)
            .map(lambda step: self._batch(seed, step, size))
            .prefetch(2)
            .with_options(options)
        )

    def _batch(self, seed: int, step: tf.Tensor, size: int) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        indices = batch_indices(seed, step, size, len(self.images))
        images = tf.cast(tf.gather(self._pixels, indices), tf.float32) / 127.5 - 1.0
        return images if self._labels is None else (images, tf.gather(self._labels, indices))


def check_images(images: np.ndarray) -> None:
    """Raises `InputError` unless `images` is a uint8 array [N, H, W, C] with N at least 1 and 1, 3 or 4 channels."""
    kind = type(images).__name__
    require(isinstance(images, np.ndarray), "images", f"must be a numpy array of uint8 [N, H, W, C], got {kind}")
    require(images.dtype == np.uint8, "images", f"must be uint8 in 0..255, got {images.dtype}")
    shape = images.shape
    require(len(shape) == 4 and 0 not in shape, "images", f"must be [N, H, W, C] without an empty axis, got {shape}")
    if shape[3] not in CHANNELS:
        hint = "; transpose with (0, 2, 3, 1) if they are [N, C, H, W]" if shape[1] in CHANNELS else ""
        raise InputError("images", f"must have 1, 3 or 4 channels on the last axis, got {shape}{hint}")


def check_labels(labels: np.ndarray | None, count: int, classes: int) -> np.ndarray | None:
    """Returns `labels` as int32 [count], or None; raises `InputError` if they do not fit images and class names."""
    if labels is None:
        require(classes == 0, "class_names", "there are no labels to name; give labels too")
        return None
    labels = np.asarray(labels)
    require(np.issubdtype(labels.dtype, np.integer), "labels", f"must be integers, got {labels.dtype}")
    require(labels.shape == (count,), "labels", f"must be one per image, shape ({count},), got {labels.shape}")
    valid = labels.min() >= 0 and labels.max() < classes
    require(
        bool(valid), "labels", f"must be in 0..{classes - 1}, one per class name, got {labels.min()}..{labels.max()}"
    )
    return labels.astype(np.int32)


def fingerprint(images: np.ndarray, labels: np.ndarray | None) -> str:
    """SHA-256 (hex) of the shape and the bytes of the images, then of the labels as little-endian int32."""
    digest = hashlib.sha256(repr(tuple(images.shape)).encode())
    digest.update(np.ascontiguousarray(images).data)
    if labels is not None:
        digest.update(labels.astype("<i4").tobytes())
    return digest.hexdigest()


def _array_view(tensor: tf.Tensor) -> np.ndarray:
    # `Tensor.numpy()` would copy.
    return np.asarray(memoryview(tensor))
