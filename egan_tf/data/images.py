"""Data sets of images, in memory or in a file on disk."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.aligned import as_tensor, read_only_copy
from egan_tf.data.array_checks import check_class_names
from egan_tf.data.base import Dataset, check_batch_arguments
from egan_tf.data.options import CHANNELS, ImageOptions
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.order import batch_indices

if TYPE_CHECKING:
    import tensorflow as tf

BLOCK_BYTES = 1 << 24
"""A file of images is read in blocks of this size."""


class ImageDataset(Dataset):
    """Images of uint8, held in memory or read by index from a file on disk. Only batches need TensorFlow.

    Attributes:
        images: uint8 [N, H, W, C], read-only; a `np.memmap` if they are on disk.
        labels: int32 [N], read-only, or None.
        options: those that it was loaded with; `options.flip` says whether batches hold every image mirrored too.
        skipped: (name, reason) of each stored picture that was left out.

    Besides, the attributes of `Dataset`.
    """

    def __init__(
        self,
        name: str,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        class_names: Sequence[str] = (),
        about: About | None = None,
        split: str = "train",
        *,
        options: ImageOptions | None = None,
        fingerprint: str | None = None,
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Copies the images, unless the array is read-only and contiguous.

        Args:
            name: of the data set.
            images: uint8 [N, H, W, C], N at least 1, C in {1, 3, 4}.
            labels: integers [N], each in [0, len(class_names)), or None.
            class_names: one per label; () if and only if there are no labels.
            about: facts for the model card.
            split: "train" or "test".
            options: that it was loaded with.
            fingerprint: of the content, if it is known; otherwise it is computed.
            skipped: (name, reason) of pictures that were left out.

        Raises:
            InputError: the arrays have other types or shapes.
        """
        check_images(images)
        self.images = _read_only(images)
        checked = check_labels(labels, len(images), len(class_names))
        self.labels = checked
        self.name = name
        self.split = split
        self.shape = tuple(images.shape[1:])
        self.value_range = (-1.0, 1.0)
        check_class_names(class_names)
        self.class_names = tuple(class_names)
        self.about = about or About(f"{len(images):,} images of {' x '.join(map(str, self.shape))}.")
        self.options = options or ImageOptions()
        self.skipped = tuple(skipped)
        self.fingerprint = fingerprint or content_fingerprint(self.images, self.labels)
        self._pixels: tf.Tensor | None = None

    @property
    def on_disk(self) -> bool:
        """Whether the images are read from a file, not held in memory."""
        return isinstance(self.images, np.memmap)

    def with_options(self, options: ImageOptions) -> ImageDataset:
        """The same images with other options, of which `flip` has an effect on batches."""
        other = copy.copy(self)
        other.options = options
        return other

    def facts(self) -> dict[str, Any]:
        """As `Dataset.facts`; also whether images count mirrored, and how many pictures were left out."""
        more = {"mirrored": True} if self.options.flip else {}
        return {**super().facts(), **more, **({"left_out": len(self.skipped)} if self.skipped else {})}

    def batches(self, size: int, seed: int, start: int = 0) -> tf.data.Dataset:
        """The batches of steps `start`, `start` + 1, ... in the order of `batch_indices`.

        With `options.flip` the order is that of 2 N images, of which N + i is image i mirrored.

        Returns:
            Elements (images, labels), or images only if there are no labels: uint8 [size, H, W, C] and int32 [size].
            Both are the same in memory and on disk.

        Raises:
            InputError: as `Dataset.batches`.
        """
        import tensorflow as tf

        size, seed, start = check_batch_arguments(size, seed, start)
        if not self.on_disk:
            self._load_tensor()
        with tf.device("CPU"):
            labels = None if self.labels is None else tf.constant(self.labels)
        options = tf.data.Options()
        options.deterministic = True
        # They would copy the tensor of the images, and have nothing to gain here.
        options.experimental_optimization.apply_default_optimizations = False
        # Prefetching reads the next batches while the model trains.
        return (
            tf.data.Dataset.counter(start)
            .map(lambda step: self._batch(seed, step, size, labels))
            .prefetch(4 if self.on_disk else 2)
            .with_options(options)
        )

    def _batch(
        self, seed: int, step: tf.Tensor, size: int, labels: tf.Tensor | None
    ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
        import tensorflow as tf

        count = len(self.images)
        indices = batch_indices(seed, step, size, 2 * count if self.options.flip else count)
        rows = indices % count
        if self.on_disk:
            images = tf.numpy_function(lambda chosen: read_rows(self.images, chosen), [rows], tf.uint8)
            images = tf.ensure_shape(images, (size, *self.shape))
        else:
            images = tf.gather(self._pixels, rows)
        if self.options.flip:
            mirrored = tf.reshape(indices >= count, (size, 1, 1, 1))
            images = tf.where(mirrored, tf.reverse(images, axis=[2]), images)
        return images if labels is None else (images, tf.gather(labels, rows))

    def _load_tensor(self) -> None:
        if self._pixels is None:
            # As a captured tensor, the images are not a constant in the pipeline's graph. On a GPU they would take
            # memory.
            self._pixels = as_tensor(self.images)
            # `Tensor.numpy()` would copy; the view frees an array that the tensor had to copy.
            self.images = np.asarray(memoryview(self._pixels))


def read_rows(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`images[rows]` in memory, read in the order of the file.

    Args:
        images: uint8 [N, H, W, C].
        rows: integers [n] in [0, N).
    """
    order = np.argsort(rows, kind="stable")
    found = np.empty((len(rows), *images.shape[1:]), images.dtype)
    found[order] = images[rows[order]]
    return found


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
    labels = labels.astype(np.int32)
    labels.flags.writeable = False
    return labels


def content_fingerprint(images: np.ndarray, labels: np.ndarray | None) -> str:
    """SHA-256 (hex) of the shape and the bytes of the images, then of the labels as little-endian int32."""
    digest = hashlib.sha256(repr(tuple(images.shape)).encode())
    rows = max(1, BLOCK_BYTES // int(np.prod(images.shape[1:])))
    for start in range(0, len(images), rows):
        digest.update(np.ascontiguousarray(images[start : start + rows]).data)
    if labels is not None:
        digest.update(labels.astype("<i4").tobytes())
    return digest.hexdigest()


def _read_only(array: np.ndarray) -> np.ndarray:
    keep = array.flags.c_contiguous and not array.flags.writeable
    return array[...] if keep else read_only_copy(array)
