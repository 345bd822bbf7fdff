"""Finds bad samples and labels in any batch, inside the step, and raises at an epoch's end.

Bad samples are not finite or out of range, bad labels are no class of the networks.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.batches import Batches, LabelledBatches
from egan_tf.evolution.label_check import needs_look, usable_labels
from egan_tf.evolution.samples import SampleFormat, say_unused_labels
from egan_tf.utils.checks import InputError

NOT_FINITE, FIRST_NOT_FINITE, OUT_OF_RANGE, FIRST_OUT_OF_RANGE = range(4)


class InputCheck:
    """Counts real samples and labels that must not be trained on.

    The counts are no part of the model's state: they are not saved, and start anew with every call of `fit`.
    """

    def __init__(self, expected: SampleFormat) -> None:
        self._limit = expected.limit
        self._expected, self._labels, self._said = expected, expected.labels, False
        self._counts = tf.Variable(np.zeros(4, "int64"), trainable=False, name="refused_real_samples")
        self._label_counts = tf.Variable(np.zeros(2, "int64"), trainable=False, name="refused_labels")

    def count(self, batches: Batches, generation: tf.Tensor) -> None:
        """Counts in a graph; outside of one, raises at once.

        Args:
            batches: the real samples of the generation.
            generation: int64 scalar, its number from 0.

        Raises:
            InputError: outside of a graph, for samples that are not finite or out of range.
        """
        if replicas.count() > 1:  # all replicas must know what one of them finds
            self._count_each(batches, generation + 1)
            return
        real = [samples for samples in (batches.evaluation, batches.fresh) if samples.shape[0] != 0]
        # NaN is not below any limit. All of them at once, as details are needed only where there is something to tell.
        fine = [tf.reduce_all(tf.abs(samples) <= self._limit) for samples in real]
        tf.cond(tf.reduce_all(fine), lambda: None, lambda: self._count_each(batches, generation + 1))
        if tf.executing_eagerly():
            self.raise_if_any()

    def without_bad_labels(self, batches: Batches, generation: tf.Tensor) -> Batches:
        """The batches with 0 for labels that the networks do not take, which are counted; outside of a graph, raises.

        Args:
            batches: the real samples of the generation.
            generation: int64 scalar, its number from 0.

        Raises:
            InputError: outside of a graph, for such labels.
        """
        expected = self._labels
        if expected is None or not isinstance(batches, LabelledBatches):
            return batches
        given = batches.evaluation_labels, batches.fresh_labels
        if not needs_look(given[0].dtype, expected):
            return batches
        usable = [usable_labels(labels, expected) for labels in given]
        bad = tf.add_n([tf.math.count_nonzero(~each) for each in usable])
        count, first = tf.unstack(self._label_counts)
        after = _added(count, first, replicas.total(bad), generation + 1)
        replicas.assign(self._label_counts, tf.stack(after))
        if tf.executing_eagerly() and replicas.count() == 1:
            self.raise_if_any()
        evaluation, fresh = (
            tf.where(fine, labels, tf.zeros_like(labels)) for fine, labels in zip(usable, given, strict=True)
        )
        return batches._replace(evaluation_labels=evaluation, fresh_labels=fresh)

    def say_unused_labels_once(self, y: Any) -> None:
        """As `say_unused_labels`, for a function that is called for every batch."""
        if y is not None and not self._said:
            say_unused_labels(y, self._expected)
            self._said = True

    def reset(self) -> None:
        """Forgets what was counted."""
        for counts in (self._counts, self._label_counts):
            counts.assign(tf.zeros_like(counts))

    def raise_if_any(self) -> None:
        """Raises `InputError` if there were such samples or labels: how many, and in which generation the first."""
        counts, (bad_labels, first_bad_label) = self._counts.numpy(), self._label_counts.numpy()
        if counts[NOT_FINITE] or counts[OUT_OF_RANGE] or bad_labels:
            self.reset()
        if counts[NOT_FINITE]:
            raise InputError("x", _problem(counts[NOT_FINITE], counts[FIRST_NOT_FINITE], "not finite"))
        if counts[OUT_OF_RANGE]:
            problem = _problem(counts[OUT_OF_RANGE], counts[FIRST_OUT_OF_RANGE], "outside [-1, 1]")
            raise InputError("x", f"{problem}; scale the images to [-1, 1] first")
        if bad_labels and self._labels is not None:
            held = "1 label that is" if bad_labels == 1 else f"{bad_labels} labels that are"
            where = f"the first in generation {first_bad_label}"
            raise InputError("y", f"holds {held} none of the networks' {self._labels.valid}, {where}")

    def _count_each(self, batches: Batches, number: tf.Tensor) -> None:
        rank = batches.evaluation.shape.rank
        flat = [
            tf.reshape(batches.evaluation, [batches.evaluation.shape[0], -1]),
            tf.reshape(batches.fresh, [-1, int(np.prod(batches.evaluation.shape[1:rank]))]),
        ]
        real = tf.concat(flat, axis=0)
        finite = tf.reduce_all(tf.math.is_finite(real), axis=1)
        inside = tf.reduce_all(tf.abs(real) <= self._limit, axis=1)
        not_finite, outside = (replicas.total(tf.math.count_nonzero(each)) for each in (~finite, finite & ~inside))
        before = tf.unstack(self._counts)
        after = [
            *_added(before[NOT_FINITE], before[FIRST_NOT_FINITE], not_finite, number),
            *_added(before[OUT_OF_RANGE], before[FIRST_OUT_OF_RANGE], outside, number),
        ]
        replicas.assign(self._counts, tf.stack(after))


class InputCheckCallback(keras.callbacks.Callback):
    """Ends `fit` at the end of an epoch with unusable samples or labels, or too few samples for a single generation."""

    def __init__(self, total: int) -> None:
        """Args: total: real samples in a generation."""
        super().__init__()
        self._total, self._before = total, -1

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets what earlier calls counted."""
        del logs
        self.model.input_check.reset()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the generation."""
        del epoch, logs
        self._before = int(self.model.generation.numpy())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Raises `InputError` if the epoch had no generation, or samples or labels that must not be trained on."""
        del logs
        self.model.input_check.raise_if_any()
        if int(self.model.generation.numpy()) == self._before:
            raise InputError("x", f"ended before epoch {epoch + 1} had a generation, which takes {self._total} samples")


def _added(count: tf.Tensor, first: tf.Tensor, more: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    is_first = (count == 0) & (more > 0)
    return count + more, tf.where(is_first, number, first)


def _problem(count: int, first: int, what: str) -> str:
    samples = "1 sample that is" if count == 1 else f"{count} samples that are"
    return f"holds {samples} {what}, the first in generation {first}"
