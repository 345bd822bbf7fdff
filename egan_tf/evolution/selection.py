"""Selection: which children live on."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def fittest(fitness: tf.Tensor, viable: tf.Tensor, count: int) -> tf.Tensor:
    """The positions of the `count` fittest, the fittest first.

    Ties go to the child of lower position. Where there are fewer viable children than that, parents are retained in
    their order: position `children` stands for parent 0, `children` + 1 for parent 1, and so on.

    Args:
        fitness: float32 [children].
        viable: bool [children]; other children never survive.
        count: how many survive, at most `children`, and as many as there are parents.

    Returns:
        int32 [count].
    """
    best = tf.math.top_k(tf.where(viable, fitness, -float("inf")), k=count, sorted=True).indices
    rank, living = tf.range(count), tf.reduce_sum(tf.cast(viable, tf.int32))
    return tf.where(rank < living, best, tf.size(fitness) + rank - living)


def all_finite(stacked: Any, count: int) -> tf.Tensor:
    """Whether each of `count` stacked members holds finite numbers only, bool [count]; integers count as finite.

    One sum over each tensor, the cheapest pass. An overflowing sum also counts as non-finite.

    Args:
        stacked: a structure of tensors [count, ...].
        count: how many members there are.
    """
    sums = [
        tf.cast(tf.reduce_sum(tensor, axis=list(range(1, tensor.shape.rank))), tf.float32)
        for tensor in tf.nest.flatten(stacked)
        if tensor.dtype.is_floating
    ]
    return tf.math.is_finite(tf.add_n([tf.zeros([count]), *sums]))
