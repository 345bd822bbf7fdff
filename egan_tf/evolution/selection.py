"""Selection: which children survive."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from egan_tf.evolution.sums import summed_to_rows


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

    Checks the sum of all tensors, which is the cheapest pass over them. An overflowing sum also counts as non-finite.

    Args:
        stacked: a structure of tensors [count, ...].
        count: the number of members.
    """
    floats = [tensor for tensor in tf.nest.flatten(stacked) if tensor.dtype.is_floating]
    totals = [tf.reduce_sum(rows, axis=1) for rows in summed_to_rows(floats, leading=1)]
    return tf.math.is_finite(tf.add_n([tf.zeros([count]), *totals]))
