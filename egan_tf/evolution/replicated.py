"""Training on the replicas of a strategy: the data of each, and a train function around them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.batches import Batches, GenerationSizes, LabelledBatches, RealBatches
from egan_tf.evolution.multi_step import multi_step_function
from egan_tf.evolution.stacking import stack

Logs = dict[str, tf.Tensor]
Fields = dict[str, tf.Tensor]


def sizes_of_replica(sizes: GenerationSizes, count: int) -> GenerationSizes:
    """The sizes of the part of a generation that each of `count` replicas gets."""
    return GenerationSizes(sizes.batch_size // count, sizes.evaluation_size // count, sizes.fresh_steps)


def part_of(batches: Batches, rank: int, count: int) -> Batches:
    """The part of a generation that replica `rank` of `count` gets: every `count`-th sample of each batch."""
    rows = slice(rank, None, count)
    parts = {name: values[:, rows] if _is_fresh(name) else values[rows] for name, values in batches._asdict().items()}
    return batches._replace(**parts)


def own_part(batches: Batches) -> Batches:
    """The part of the replica that calls this."""
    return batches if replicas.count() == 1 else part_of(batches, replicas.rank(), replicas.count())


def distributed(strategy: tf.distribute.Strategy, generations: tf.data.Dataset) -> tf.distribute.DistributedDataset:
    """A dataset of which each replica gets its part of every generation.

    Every worker reads all of the data, so that the part of a replica is a function of the generation alone.

    Args:
        strategy: with the replicas.
        generations: of batches; or of scalars, which stand for samples that are made inside the step.
    """
    count = strategy.num_replicas_in_sync

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        local = count // context.num_input_pipelines
        first = context.input_pipeline_id * local

        @tf.autograph.experimental.do_not_convert
        def divide(element: Any) -> Any:
            if isinstance(element, tf.Tensor):
                return tf.repeat(element[None], local)
            return stack([_packed(part_of(element, rank, count)) for rank in range(first, first + local)])

        # The strategy hands the elements to its replicas in turn.
        return generations.map(divide).unbatch()

    return strategy.distribute_datasets_from_function(of_worker)


def divided(strategy: tf.distribute.Strategy, batches: Batches) -> Any:
    """A generation in memory as values of which each replica gets its part."""
    count = strategy.num_replicas_in_sync

    def values_of(name: str) -> Any:
        return strategy.experimental_distribute_values_from_function(
            lambda context: _packed(part_of(batches, context.replica_id_in_sync_group, count))[name]
        )

    return {name: values_of(name) for name in _packed(batches)}


def _packed(batches: Batches) -> Fields:
    """The fields that are not empty: TensorFlow crashes where it hands out an empty tensor to several devices."""
    return {name: values for name, values in batches._asdict().items() if 0 not in values.shape}


def unpacked(fields: Fields, sizes: GenerationSizes) -> Batches:
    """A replica's part as batches, with shapes that a dataset which may end leaves open.

    Args:
        fields: of `distributed` or `divided`.
        sizes: of the part.
    """
    kind = LabelledBatches if "evaluation_labels" in fields else RealBatches

    def complete(name: str) -> tf.Tensor:
        if not _is_fresh(name):
            return tf.ensure_shape(fields[name], [sizes.evaluation_size, *fields[name].shape[1:]])
        leading = [sizes.fresh_steps, sizes.batch_size]
        if name in fields:
            return tf.ensure_shape(fields[name], [*leading, *fields[name].shape[2:]])
        like = fields[name.replace("fresh", "evaluation")]
        return tf.zeros([*leading, *like.shape[1:]], like.dtype)

    return kind(*map(complete, kind._fields))


def _is_fresh(name: str) -> bool:
    """Whether a field of batches is [fresh_steps, batch_size, ...]."""
    return name.startswith("fresh")


@dataclass(frozen=True)
class ReplicatedStep:
    """A generation on all replicas of a strategy, as one function.

    Attributes:
        strategy: with the replicas.
        step: a generation on a replica, from its data to logs.
        held: whether the next generation holds a tournament; None if every one does. Replicas cannot talk inside of a
            condition, so that it stands around them.
        branch: a context in which a step knows whether it holds a tournament.
        jit_compile: whether XLA compiles the step; of a single replica only.
    """

    strategy: tf.distribute.Strategy
    step: Callable[[Any], Logs]
    held: Callable[[], tf.Tensor] | None
    branch: Callable[[bool], AbstractContextManager[None]]
    jit_compile: bool

    def __call__(self, data: Any) -> Logs:
        """One generation; its logs, which are the same on every replica."""
        if self.held is None:
            return self._run(data)
        return tf.cond(self.held(), lambda: self._branch(True, data), lambda: self._branch(False, data))

    def _branch(self, held: bool, data: Any) -> Logs:
        with self.branch(held):
            return self._run(data)

    def _run(self, data: Any) -> Logs:
        step = tf.function(self.step, jit_compile=True, autograph=False) if self.jit_compile else self.step
        logs = self.strategy.run(step, args=(data,))
        return {name: self.strategy.experimental_local_results(value)[0] for name, value in logs.items()}


def only_replica_function(
    strategy: tf.distribute.Strategy,
    train_step: Callable[[Any], Logs],
    count: int,
    jit_compile: bool,
    run_eagerly: bool,
) -> Callable[[Any], Logs]:
    """A train function for Keras of a strategy with one replica, for samples that are made inside the step.

    As `multi_step_function`, which it runs on that replica: nothing communicates, so that the loop over generations may
    stand in the program.
    """

    def on_replica() -> Logs:
        return multi_step_function(train_step, count, jit_compile, run_eagerly)(None)

    def call() -> Logs:
        logs = strategy.run(on_replica)
        return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

    compiled = call if run_eagerly else tf.function(call, autograph=False)
    return lambda iterator: compiled()


def replicated_function(
    generation: ReplicatedStep, count: int, *, run_eagerly: bool
) -> Callable[[Iterator[Any]], Logs]:
    """A train function for Keras around all replicas.

    Args:
        generation: on all replicas.
        count: generations per call.
        run_eagerly: whether generations run uncompiled.

    Returns:
        A function of the iterator that returns the logs of the last generation. At the end of the data it raises
        StopIteration or TensorFlow's `OutOfRangeError`.
    """

    def one_by_one(step: Callable[[Any], Logs], iterator: Iterator[Any]) -> Logs:
        return [step(next(iterator)) for _ in range(count)][-1]

    if run_eagerly:
        return lambda iterator: one_by_one(generation, iterator)
    on_data = tf.function(generation.__call__, autograph=False)

    @tf.function(autograph=False)
    def on_iterator(iterator: tf.distribute.DistributedIterator) -> Logs:
        first = on_data(next(iterator))
        if count == 1:
            return first
        # The loop is around the replicas: inside of one they cannot talk.
        _, last = tf.while_loop(
            lambda number, _: number < count,
            lambda number, _: (number + 1, on_data(next(iterator))),
            (tf.constant(1), first),
            parallel_iterations=1,
        )
        return last

    def train_function(iterator: Iterator[Any]) -> Logs:
        if isinstance(iterator, tf.distribute.DistributedIterator):
            return on_iterator(iterator)
        return one_by_one(on_data, iterator)

    return train_function
