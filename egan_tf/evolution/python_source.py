"""Batches made by Python code, a generator or a `keras.utils.PyDataset`, as a source of real samples."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.batches import GenerationSizes, split_samples
from egan_tf.evolution.samples import (
    SampleFormat,
    as_array,
    check_values,
    host_bytes_to_floats,
    host_labels,
    host_samples,
    parts,
    say_unused_labels,
)
from egan_tf.evolution.source import DEFAULT_BATCH_SIZE, Epoch, Source, require_steps, too_few
from egan_tf.utils.checks import require

Batch = tuple[np.ndarray, ...]
"""Samples, float32 [k, *shape], and labels [k, ...] if the networks take them."""


class PythonSource(Source):
    """A stream of samples from Python; every batch is checked as it comes."""

    def __init__(self, expected: SampleFormat, batch_size: int | None) -> None:
        self.batch_size = batch_size or DEFAULT_BATCH_SIZE
        self._expected = expected
        self._error: Exception | None = None
        self._read_to_the_end = False
        self._labels_seen = False

    endless = False
    """Whether the data is known to have no end."""

    @property
    def error(self) -> Exception | None:
        """The exception that ended the data: of the user's code, or of a check."""
        return self._error

    @contextmanager
    def understandable_errors(self) -> Iterator[None]:
        """As `Source.understandable_errors`, also where TensorFlow takes a failure for the end of the data."""
        with super().understandable_errors():
            yield
        # On several replicas it does so. What fails beyond `steps` generations was read ahead, and is no matter.
        if self._error is not None and self._read_to_the_end:
            raise self._error

    def limit(self, steps: int | None) -> int:
        """The number of generations that may be read in a pass; −1 for all."""
        del steps
        return -1

    @abstractmethod
    def first(self, count: int) -> list[Any]:
        """The first elements, with at least `count` samples together if there are so many; nothing is used up."""

    @abstractmethod
    def elements(self) -> Iterator[Any]:
        """What the user's code yields in one pass."""

    def epoch(self, sizes: GenerationSizes, steps: int | None) -> Epoch:
        """As `Source.epoch`; reads, and checks, the first generation."""
        if self.endless:
            require_steps(steps)
        self._read_to_the_end = steps is None
        batches = [self.batch(element) for element in self.first(sizes.total)]
        count = sum(len(batch[0]) for batch in batches)
        if count < sizes.total:
            raise too_few(count, sizes)
        signature = tuple(tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in batches[0])
        dataset = tf.data.Dataset.from_generator(self._pass, output_signature=signature)
        blocks = dataset.rebatch(sizes.total, drop_remainder=True).take(self.limit(steps))
        generations = blocks.map(lambda x, y=None: split_samples(x, y, sizes))
        return Epoch(generations.prefetch(tf.data.AUTOTUNE), steps)

    def batch(self, element: Any) -> Batch:
        """An element as a batch.

        Raises:
            InputError: it cannot be used for training.
        """
        x, y = parts(element)
        if y is not None and not self._labels_seen:
            say_unused_labels(y, self._expected)
            self._labels_seen = True
        shape = self._expected.shape
        samples = as_array("x", x, "arrays in every batch")
        if samples.ndim == len(shape):  # a single sample
            samples, y = samples[None], None if y is None else as_array("y", y)[None]
        # Floats already here, as batches of one dataset may be of both types.
        samples = host_bytes_to_floats(host_samples(samples, self._expected))
        check_values(samples, self._expected)
        labels = host_labels(y, len(samples), self._expected)
        return (samples,) if labels is None else (samples, labels)

    def _pass(self) -> Iterator[Batch]:
        # TensorFlow reports an exception in its own words; this keeps it for `understandable_errors`.
        try:
            yield from map(self.batch, self.elements())
        except Exception as error:
            self._error = error
            raise


class GeneratorSource(PythonSource):
    """A Python generator, or any iterator: read once, from where the last call stopped.

    A call with `steps_per_epoch` reads no further than it trains, but for the rest of a batch.
    """

    def __init__(self, iterator: Iterator[Any], expected: SampleFormat, batch_size: int | None) -> None:
        super().__init__(expected, batch_size)
        self._iterator, self._epochs = iterator, 1
        self._pending: deque[Any] = deque()

    def check_epochs(self, epochs: int, steps: int | None) -> None:
        """As `Source.check_epochs`."""
        self._epochs = epochs
        require(
            epochs == 1 or steps is not None,
            "epochs",
            "must be 1, as a generator can be read only once; give steps_per_epoch, or data that can be read again",
        )

    def limit(self, steps: int | None) -> int:
        """As `PythonSource.limit`: what is read is gone."""
        return -1 if steps is None else steps * self._epochs

    def first(self, count: int) -> list[Any]:
        """As `PythonSource.first`: what is read here comes first in the next pass."""
        found = 0
        for element in self._iterator:
            self._pending.append(element)
            found += len(self.batch(element)[0])
            if found >= count:
                break
        return list(self._pending)

    def elements(self) -> Iterator[Any]:
        """As `PythonSource.elements`."""
        while self._pending:
            yield self._pending.popleft()
        # `yield from` would close a generator that is read again later.
        for element in self._iterator:  # noqa: UP028
            yield element


class PyDatasetSource(PythonSource):
    """A `keras.utils.PyDataset`: its batches in its own order, made by as many threads as it has `workers`."""

    def __init__(self, dataset: keras.utils.PyDataset, expected: SampleFormat, batch_size: int | None) -> None:
        """Raises `InputError` if the dataset asks for processes."""
        super().__init__(expected, batch_size)
        require(
            not dataset.use_multiprocessing,
            "use_multiprocessing",
            "must be False in the PyDataset; with `workers` above 1, threads make its batches",
        )
        self._dataset = dataset
        self.endless = dataset.num_batches is None

    def first(self, count: int) -> list[Any]:
        """As `PythonSource.first`."""
        found, elements = 0, []
        for index in self._indices():
            elements.append(self._dataset[index])
            found += len(self.batch(elements[-1])[0])
            if found >= count:
                break
        return elements

    def elements(self) -> Iterator[Any]:
        """As `PythonSource.elements`; calls `on_epoch_begin` and, after the last batch, `on_epoch_end`."""
        self._dataset.on_epoch_begin()
        if self._dataset.workers > 1:
            yield from self._from_threads()
        else:
            yield from map(self._dataset.__getitem__, self._indices())
        self._dataset.on_epoch_end()

    def batch(self, element: Any) -> Batch:
        """As `PythonSource.batch`; as for Keras, a list is a tuple."""
        return super().batch(tuple(element) if isinstance(element, list) else element)

    def _indices(self) -> Iterable[int]:
        count = self._dataset.num_batches
        return itertools.count() if count is None else range(count)

    def _from_threads(self) -> Iterator[Any]:
        """The batches in order, with at most `max_queue_size` of them waiting."""
        workers = self._dataset.workers
        ahead = max(workers, self._dataset.max_queue_size)
        indices = iter(self._indices())
        with ThreadPoolExecutor(workers) as pool:
            queue = deque(pool.submit(self._dataset.__getitem__, i) for i in itertools.islice(indices, ahead))
            while queue:
                yield queue.popleft().result()
                queue.extend(pool.submit(self._dataset.__getitem__, i) for i in itertools.islice(indices, 1))
