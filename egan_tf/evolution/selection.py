"""Selection: which children survive."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def fittest(fitness: tf.Tensor, viable: tf.Tensor, count: int) -> tf.Tensor:
    """The positions of the `count` fittest, the fittest first.

    Ties go to the child with the lower position. If fewer than `count` children are viable, parents are retained in
    their order: position `children` means parent 0, `children` + 1 parent 1, and so on.

    Args:
        fitness: float32 [children].
        viable: bool [children]; children that are not viable never survive.
        count: the number of survivors, equal to the number of parents, at most `children`.

    Returns:
        int32 [count].
    """
    best = tf.math.top_k(tf.where(viable, fitness, -float("inf")), k=count, sorted=True).indices
    rank, viable_count = tf.range(count), tf.reduce_sum(tf.cast(viable, tf.int32))
    return tf.where(rank < viable_count, best, tf.size(fitness) + rank - viable_count)


def all_finite(stacked: Any, count: int) -> tf.Tensor:
    """Whether each of `count` stacked members holds finite numbers only, bool [count]; integers count as finite.

    Checks the sum of each tensor, which is the cheapest pass over it. An overflowing sum also counts as non-finite.

    Args:
        stacked: a structure of tensors [count, ...].
        count: the number of members.
    """
    sums = [_sum_of_each(tensor) for tensor in tf.nest.flatten(stacked) if tensor.dtype.is_floating]
    return tf.math.is_finite(tf.add_n([tf.zeros([count]), *sums]))


def _sum_of_each(tensor: tf.Tensor) -> tf.Tensor:
    """A sum over each member that is finite if all its numbers are, float32 [members]."""
    if tensor.shape.rank > 2:
        # The last axis alone is left, because XLA's sum over all axes adds one number after the other on a CPU; |·|
        # keeps it from joining both sums.
        tensor = tf.abs(tf.reduce_sum(tensor, axis=list(range(1, tensor.shape.rank - 1))))
    return tf.cast(tf.reduce_sum(tensor, axis=list(range(1, tensor.shape.rank))), tf.float32)
