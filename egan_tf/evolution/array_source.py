"""Arrays as a source of real samples, in an order that is a function of (seed, generation)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from egan_tf.evolution.batches import Batches, GenerationSizes, split_samples
from egan_tf.evolution.samples import SampleFormat, host_samples_and_labels, say_unused_labels
from egan_tf.evolution.source import DEFAULT_BATCH_SIZE, Epoch, Source, too_few
from egan_tf.utils.order import batch_indices


class ArraySource(Source):
    """Samples in memory.

    Every pass over the data visits each sample once, in a new order. A pass goes on where the last epoch, or the last
    call of `fit`, ended; a generation may span two passes.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        expected: SampleFormat,
        batch_size: int | None,
        seed: int,
        shuffle: bool,
        generation: Callable[[], int],
    ) -> None:
        """Checks the arrays, and says so if the networks have no use for the labels.

        Args:
            x: samples, [n, *shape], of any floating-point type.
            y: labels [n, ...], or None.
            expected: what the networks take.
            batch_size: the user's choice, if any.
            seed: of the order.
            shuffle: whether to shuffle; otherwise the samples come in the order of the array.
            generation: returns the number of the next generation.

        Raises:
            InputError: the arrays cannot be used for training.
        """
        self.batch_size = batch_size or DEFAULT_BATCH_SIZE
        self._arrays = host_samples_and_labels(x, y, expected)
        say_unused_labels(y, expected)
        self._seed, self._shuffle, self._generation = seed, shuffle, generation

    def epoch(self, sizes: GenerationSizes, steps: int | None) -> Epoch:
        """As `Source.epoch`; by default an epoch has as many generations as fit into one pass."""
        samples, labels = self._arrays
        if len(samples) < sizes.total:
            raise too_few(len(samples), sizes)
        # As captured tensors, the arrays are not constants in the pipeline's graph; on a GPU they would take memory.
        with tf.device("CPU"):
            real = tf.constant(samples)
            labelled = None if labels is None else tf.constant(labels)

        def generation_at(step: tf.Tensor) -> Batches:
            indices = self._indices(step, sizes.total, len(samples))
            chosen = None if labelled is None else tf.gather(labelled, indices)
            return split_samples(tf.gather(real, indices), chosen, sizes)

        count = steps or len(samples) // sizes.total
        dataset = tf.data.Dataset.from_generator(self._start, output_signature=tf.TensorSpec((), tf.int64))
        dataset = dataset.flat_map(lambda start: tf.data.Dataset.range(start, start + count)).map(generation_at)
        dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
        return Epoch(dataset.prefetch(tf.data.AUTOTUNE), None)

    def _start(self) -> Iterator[int]:
        # Read when an epoch begins and not before: a callback may restore an earlier state first.
        yield self._generation()

    def _indices(self, step: tf.Tensor, size: int, count: int) -> tf.Tensor:
        if self._shuffle:
            return batch_indices(self._seed, step, size, count)
        return (step * size + tf.range(size, dtype=tf.int64)) % count
