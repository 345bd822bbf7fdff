"""A `tf.data.Dataset` as a source of real samples: a stream, whose division into batches makes no difference."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from egan_tf.evolution.batches import GenerationSizes, split_samples
from egan_tf.evolution.label_check import check_label_type, check_label_values
from egan_tf.evolution.samples import (
    SampleFormat,
    as_training_type,
    check_dtype,
    check_labels_given,
    check_values,
    parts,
    say_unused_labels,
    wrong_shape,
)
from egan_tf.evolution.source import (
    COUNT_CHECK,
    DEFAULT_BATCH_SIZE,
    LABEL_SHAPE_CHECK,
    SHAPE_CHECK,
    Epoch,
    Source,
    require_steps,
    too_few,
)
from egan_tf.utils.checks import InputError, require

# Transformations that leave batches whole. Others, such as `unbatch`, end the search for `batch`.
KEEP_BATCHES = (
    *("AssertCardinality", "Cache", "Filter", "IgnoreErrors", "Map", "Options", "ParallelMap", "Prefetch", "Repeat"),
    *("Shard", "Shuffle", "Skip", "Take"),
)


class StreamSource(Source):
    """Samples, or batches of any sizes, that a dataset yields in its own order."""

    def __init__(self, dataset: tf.data.Dataset, expected: SampleFormat, batch_size: int | None) -> None:
        """Checks what the dataset yields, without reading it unless its rank is unknown.

        Args:
            dataset: of samples, batches, or (samples, labels), of any floating-point type.
            expected: what the networks take.
            batch_size: the user's choice, if any; by default that of the dataset's `batch`, otherwise 32.

        Raises:
            InputError: the dataset yields something else.
        """
        samples, labels = _tensor_parts(dataset.element_spec)
        check_dtype(samples.dtype.name, expected)
        check_labels_given(labels is not None, expected)
        if labels is not None and expected.labels is not None:
            check_label_type(labels.dtype, expected.labels)
        say_unused_labels(labels, expected)
        shape = samples.shape if samples.shape.rank is not None else _shape_of_first(dataset)
        self._batched = shape.rank == len(expected.shape) + 1
        if shape.rank == 0 or not shape[int(self._batched) :].is_compatible_with(expected.shape):
            raise wrong_shape(shape[int(self._batched) :], expected.shape)
        leading = [samples.shape[0] if samples.shape.rank else None] if self._batched else []
        self.batch_size = batch_size or declared_batch_size(dataset, self._batched) or DEFAULT_BATCH_SIZE
        self._expected = expected
        self._dataset = _as_training_data(dataset, expected, leading)

    def epoch(self, sizes: GenerationSizes, steps: int | None) -> Epoch:
        """As `Source.epoch`; reads the first generation, and checks its values."""
        if self._is_endless:
            require_steps(steps)
        first = next(iter(self._blocks(sizes.total, drop_remainder=False).take(1)), None)
        samples, labels = (None, None) if first is None else parts(first)
        count = 0 if samples is None else int(samples.shape[0])
        if samples is not None:
            check_values(samples.numpy(), self._expected)
        if labels is not None and self._expected.labels is not None:
            check_label_values("y", labels.numpy(), self._expected.labels)
        if count < sizes.total:
            raise too_few(count, sizes)
        blocks = self._blocks(sizes.total, drop_remainder=True)
        if tf.data.experimental.cardinality(blocks) >= 0:
            # TensorFlow rounds the cardinality up, and Keras would expect a block too many; a filter makes it unknown.
            blocks = blocks.filter(lambda *_: True)
        generations = blocks.map(lambda x, y=None: split_samples(x, y, sizes))
        return Epoch(generations.prefetch(tf.data.AUTOTUNE), steps)

    @property
    def _is_endless(self) -> bool:
        return bool(tf.data.experimental.cardinality(self._dataset) == tf.data.INFINITE_CARDINALITY)

    def _blocks(self, size: int, drop_remainder: bool) -> tf.data.Dataset:
        regroup = self._dataset.rebatch if self._batched else self._dataset.batch
        return regroup(size, drop_remainder=drop_remainder)


def declared_batch_size(dataset: tf.data.Dataset, batched: bool = True) -> int | None:
    """The batch size that a dataset of batches declares, whatever its batches hold; None if it declares none.

    It is the static size of the batch axis or, as `Dataset.batch` leaves that open for the remainder, the argument of
    the last `batch` in the pipeline.
    """
    if not batched:
        return None
    shape = _tensor_parts(dataset.element_spec)[0].shape
    if shape.rank and shape[0]:
        return int(shape[0])
    while True:
        size = getattr(dataset, "_batch_size", None)  # TensorFlow has no public name for it
        if size is not None:
            return int(size)
        if type(dataset).__name__.strip("_").removesuffix("Dataset") not in KEEP_BATCHES:
            return None
        (dataset,) = dataset._inputs()


def _tensor_parts(spec: Any) -> tuple[tf.TensorSpec, tf.TensorSpec | None]:
    samples, labels = parts(spec)
    if type(labels).__name__ == "NoneTensorSpec":  # of (samples, None)
        labels = None
    for field, part in (("x", samples), ("y", labels)):
        name = type(part).__name__.removesuffix("Spec")
        require(
            part is None or isinstance(part, tf.TensorSpec),
            field,
            f"must yield samples or (samples, labels) as dense tensors, not {name}",
        )
    return samples, labels


def _shape_of_first(dataset: tf.data.Dataset) -> tf.TensorShape:
    first = next(iter(dataset.take(1)), None)
    if first is None:
        raise InputError("x", "is empty: it holds no samples")
    return parts(first)[0].shape


def _as_training_data(dataset: tf.data.Dataset, expected: SampleFormat, leading: list[int | None]) -> tf.data.Dataset:
    """As float32 or uint8, with all that is known of its shapes, and with the labels that the networks take."""
    shape = [*leading, *expected.shape]
    label_shape = None if expected.label_shape is None else [*leading, *expected.label_shape]
    samples, labels = _tensor_parts(dataset.element_spec)
    if labels is not None and label_shape is not None and not labels.shape.is_compatible_with(label_shape):
        raise InputError(
            "y", f"holds labels of shape {tuple(labels.shape)}, but the networks take {tuple(label_shape)}"
        )
    exact = (
        samples.dtype in (tf.float32, tf.uint8) and samples.shape.rank is not None and samples.shape.as_list() == shape
    )
    if exact and label_shape is None and not isinstance(dataset.element_spec, tuple):
        return dataset

    def convert(*element: Any) -> Any:
        x, y = parts(element[0] if len(element) == 1 else element)
        x = as_training_type(tf.ensure_shape(x, shape, name=SHAPE_CHECK))
        if label_shape is None:
            return x
        y = tf.ensure_shape(y, label_shape, name=LABEL_SHAPE_CHECK)
        if leading == [None]:
            equal = tf.debugging.assert_equal(tf.shape(x)[0], tf.shape(y)[0], name=COUNT_CHECK)
            with tf.control_dependencies([equal]):
                y = tf.identity(y)
        return x, y

    return dataset.map(convert)
