"""Several processes that train one model: what they agree on, and what the first of them does alone."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.utils.checks import InputError, RunError
from egan_tf.utils.command_line import program

LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.InternalError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
)
"""What TensorFlow raises in a worker after another one has ended."""


class Workers:
    """The processes of a run, each with some of the replicas; without a strategy, or on one machine, just this one.

    All of them must call the same methods in the same order, apart from properties.

    Attributes:
        count: of processes.
        rank: of this process.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None) -> None:
        """Takes the strategy of the model."""
        self._strategy = strategy
        self.count, self.rank = 1, 0
        if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            resolver: Any = strategy.cluster_resolver
            jobs = resolver.cluster_spec().as_dict()
            self.count = max(1, sum(map(len, jobs.values())))
            chiefs = len(jobs.get("chief", ())) if resolver.task_type == "worker" else 0
            self.rank = chiefs + int(resolver.task_id or 0)
        self._gather = tf.function(self._gathered, autograph=False)
        self._copy = tf.function(self._copied, autograph=False)
        self._sums = tf.function(self._checksums, autograph=False)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.rank == 0

    def largest(self, values: Sequence[int]) -> list[int]:
        """For each position the largest value that any process gives."""
        if self.count == 1:
            return list(values)
        return self._of_all(values).max(axis=0).tolist()

    def wait(self) -> None:
        """Waits for all processes."""
        self.largest([0])

    def check_same(self, **values: str) -> None:
        """Checks that all processes have the same texts, such as the configuration.

        Raises:
            InputError: the text of this process is not that of the chief; names it.
        """
        if self.count == 1:
            return
        digests = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") for text in values.values()]
        given = self._of_all(digests)
        for name, of_all in zip(values, given.T, strict=True):
            if (of_all != of_all[0]).any():
                others = ", ".join(str(rank) for rank in np.flatnonzero(of_all != of_all[0]))
                raise InputError(name, f"differs between worker 0 and worker {others}; start all with the same")

    def copy_from_chief(self, variables: Sequence[keras.Variable]) -> None:
        """Gives the variables of every process the values of the chief's."""
        if self.count > 1:
            assert self._strategy is not None
            self._strategy.run(self._copy, args=(tuple(_held(variables)),))

    def check_replicas(self, variables: Sequence[keras.Variable], generation: int) -> None:
        """Checks that all replicas hold the same numbers, to the bit.

        Raises:
            RunError: they do not.
        """
        if self._strategy is None or self._strategy.num_replicas_in_sync == 1:
            return
        sums = self._strategy.run(self._sums, args=(tuple(_held(variables)),))
        first = self._strategy.experimental_local_results(sums)[0].numpy()
        if (first != first[0]).any():
            others = ", ".join(str(rank) for rank in np.flatnonzero(first != first[0]))
            raise RunError(
                f"generation {generation}: replica {others} holds other numbers than replica 0, so that they would "
                "train different models; look for a faulty device, and resume from the last checkpoint"
            )

    @contextlib.contextmanager
    def lost_in_one_line(self, run: Path | None) -> Iterator[None]:
        """Turns TensorFlow's report of a lost worker into one line.

        Args:
            run: the folder of the run, if it is known here.

        Raises:
            RunError: another process has ended.
        """
        try:
            yield
        except LOST as error:
            if self.count == 1:
                raise
            where = "" if run is None else f" {run}"
            raise RunError(
                f"worker {self.rank} has lost another one of {self.count} workers ({type(error).__name__}); restart "
                f"all of them with {program('train')} --resume{where}, which goes on from the last checkpoint"
            ) from error

    def _of_all(self, values: Sequence[int]) -> np.ndarray:
        """What each process gives, int64 [processes, values]."""
        assert self._strategy is not None
        gathered = self._strategy.run(self._gather, args=(tf.constant([values], tf.int64),))
        every = self._strategy.experimental_local_results(gathered)[0].numpy()
        return every[:: len(every) // self.count]

    def _gathered(self, values: tf.Tensor) -> tf.Tensor:
        return replicas.all_rows(values)

    def _copied(self, variables: tuple[tf.Variable, ...]) -> None:
        first = replicas.rank() == 0
        for variable in variables:
            value = tf.identity(variable)
            replicas.assign(variable, replicas.total(value if first else tf.zeros_like(value)))

    def _checksums(self, variables: tuple[tf.Variable, ...]) -> tf.Tensor:
        return replicas.all_rows(tf.add_n([_checksum(tf.identity(variable)) for variable in variables])[None])


def _held(variables: Sequence[keras.Variable]) -> list[Any]:
    return [variable.value for variable in variables]


def _checksum(value: tf.Tensor) -> tf.Tensor:
    """A number that a change of any bit changes, int64 scalar."""
    flat = tf.reshape(value, [-1])
    if flat.dtype.is_floating or flat.dtype.is_integer:
        flat = tf.bitcast(flat, {1: tf.uint8, 2: tf.uint16, 4: tf.int32, 8: tf.int64}[flat.dtype.size])
    numbers = tf.cast(flat, tf.int64)
    places = tf.range(tf.size(numbers, tf.int64), dtype=tf.int64)
    # Odd factors, which lose no bit; sums wrap around.
    return tf.reduce_sum(numbers * (2 * places + 1))
