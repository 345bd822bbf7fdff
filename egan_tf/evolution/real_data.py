"""Converts the real data that `fit` takes to one dataset element per generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.evolution.batches import GenerationSizes, split_samples
from egan_tf.utils.checks import InputError, integer, require

DEFAULT_BATCH_SIZE = 32
IMAGE_RANK = 3

SampleFn = Callable[[tf.Tensor, int], Any]
"""Maps (generation, count) to [count, ...] samples, or to (samples, labels), inside a `tf.function`."""


@dataclass(frozen=True)
class RealData:
    """The source of real samples: a dataset, or a function that is called inside the step.

    Attributes:
        dataset: batches of samples or of (samples, labels); None if there is a function.
        sample_fn: the function; None if there is a dataset.
        batch_size: samples in a discriminator step.
        count: the number of samples; None if unknown or endless.
    """

    dataset: tf.data.Dataset | None
    sample_fn: SampleFn | None
    batch_size: int
    count: int | None = None

    @classmethod
    def of(cls, x: Any, y: Any, sample_shape: tuple[int, ...], batch_size: int | None, seed: int) -> RealData:
        """Checks the data that the user gave.

        Args:
            x: an array, a `tf.data.Dataset`, or a function `(generation, count) -> batch`.
            y: labels of an array.
            sample_shape: of one sample, as the discriminator takes it.
            batch_size: the user's choice, if any.
            seed: shuffles an array.

        Raises:
            InputError: the data cannot be used for training.
        """
        if batch_size is not None:
            integer("batch_size", batch_size)
        if isinstance(x, tf.data.Dataset):
            require(y is None, "y", "must not be given beside a dataset; let it yield (samples, labels)")
            return cls._of_dataset(x, sample_shape, batch_size)
        if callable(x):
            return cls(None, x, batch_size or DEFAULT_BATCH_SIZE)
        return cls._of_array(x, y, sample_shape, batch_size or DEFAULT_BATCH_SIZE, seed)

    @classmethod
    def _of_array(cls, x: Any, y: Any, sample_shape: tuple[int, ...], batch_size: int, seed: int) -> RealData:
        samples, labels = samples_and_labels(x, y, sample_shape)
        dataset = tf.data.Dataset.from_tensor_slices(samples if labels is None else (samples, labels))
        dataset = dataset.shuffle(len(samples), seed=seed, reshuffle_each_iteration=True).batch(batch_size)
        return cls(dataset, None, batch_size, len(samples))

    @classmethod
    def _of_dataset(cls, dataset: tf.data.Dataset, sample_shape: tuple[int, ...], batch_size: int | None) -> RealData:
        first = next(iter(dataset.take(1)), None)
        if first is None:
            raise InputError("x", "the dataset is empty")
        samples = first[0] if isinstance(first, tuple) else first
        if not isinstance(samples, tf.Tensor):
            raise InputError("x", "the dataset must yield samples or (samples, labels)")
        batched = samples.shape.rank == len(sample_shape) + 1
        check_samples(samples.numpy() if batched else samples.numpy()[None], sample_shape)
        if not batched:
            batch_size = batch_size or DEFAULT_BATCH_SIZE
            dataset = dataset.batch(batch_size)
        return cls(dataset, None, batch_size or int(samples.shape[0]))

    def generations(self, sizes: GenerationSizes) -> tf.data.Dataset:
        """A dataset whose element holds the real samples of one generation; a scalar 0 if `sample_fn` makes them.

        Raises:
            InputError: there are fewer samples than one generation takes.
        """
        if self.dataset is None:
            return tf.data.Dataset.from_tensors(0).repeat()
        size = sizes.total
        if self.count is not None and self.count < size:
            raise InputError(
                "x",
                f"holds {self.count} samples, but a generation takes {size} (for evaluation, and batch_size for each "
                "fresh step of the discriminator); give more, or lower one of these",
            )
        blocks = self.dataset.rebatch(size, drop_remainder=True)
        if self.count is not None:
            blocks = blocks.apply(tf.data.experimental.assert_cardinality(self.count // size))
        elif tf.data.experimental.cardinality(blocks) >= 0:
            # TensorFlow rounds the cardinality up, and Keras would expect a block too many; a filter makes it unknown.
            blocks = blocks.filter(lambda *_: True)
        return blocks.map(lambda *parts: split_samples(*_samples_and_labels(parts), sizes)).prefetch(tf.data.AUTOTUNE)


def _samples_and_labels(parts: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor | None]:
    return parts[0], parts[1] if len(parts) > 1 else None


def samples_and_labels(x: Any, y: Any, sample_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray | None]:
    """Checks real samples and labels given as arrays.

    Returns:
        float32 [n, *sample_shape], and labels [n] or None.

    Raises:
        InputError: they are no arrays, or cannot be used for training.
    """
    try:
        samples = np.asarray(x)
        labels = None if y is None else np.asarray(y)
    except (TypeError, ValueError) as error:
        raise InputError("x", f"must be an array, a tf.data.Dataset or a function, got {type(x).__name__}") from error
    check_samples(samples, sample_shape)
    require(len(samples) > 0, "x", "holds no samples")
    if labels is not None:
        require(len(labels) == len(samples), "y", f"holds {len(labels)} labels for {len(samples)} samples")
    return samples.astype("float32", copy=False), labels


def check_samples(samples: np.ndarray, sample_shape: tuple[int, ...]) -> None:
    """Raises `InputError` unless these are samples [n, *sample_shape]: finite, and in [−1, 1] if images."""
    require(
        samples.dtype.kind == "f",
        "x",
        f"must hold floating-point samples, got {samples.dtype}; for images of 0 to 255, use x / 127.5 - 1",
    )
    require(
        samples.shape[1:] == sample_shape,
        "x",
        f"holds samples of shape {samples.shape[1:]}, but the discriminator takes {sample_shape}",
    )
    require(bool(np.isfinite(samples).all()), "x", "holds numbers that are not finite")
    if len(sample_shape) == IMAGE_RANK and samples.size:
        low, high = float(samples.min()), float(samples.max())
        require(low >= -1.0 and high <= 1.0, "x", f"holds images in [{low:g}, {high:g}]; scale them to [-1, 1] first")
