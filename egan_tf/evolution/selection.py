"""Selection: which children live on."""

from __future__ import annotations

import tensorflow as tf


def fittest(fitness: tf.Tensor, count: int) -> tf.Tensor:
    """The positions of the `count` fittest, the fittest first.

    A fitness that is not finite ranks below every finite one. Ties go to the older child, the one of lower position.

    Args:
        fitness: float32 [children].
        count: how many survive, at most `children`.

    Returns:
        int32 [count].
    """
    comparable = tf.where(tf.math.is_finite(fitness), fitness, fitness.dtype.min)
    return tf.math.top_k(comparable, k=count, sorted=True).indices
