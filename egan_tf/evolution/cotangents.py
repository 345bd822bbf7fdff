"""The objectives as cotangents on the discriminator's logits: all that distinguishes the children of one parent."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from egan_tf.evolution.objectives import Objective, takes_real_logits
from egan_tf.evolution.stateless import gradients_of


def logit_cotangents(
    objectives: Sequence[Objective], fake_logits: tf.Tensor, real_logits: tf.Tensor | None
) -> tf.Tensor:
    """The gradients of objectives with respect to the logits of generated samples.

    Args:
        objectives: functions of logits to a scalar.
        fake_logits: float32 [batch, 1].
        real_logits: float32 [batch, 1], for objectives that take them.

    Returns:
        float32 [objectives, batch, 1].
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fake_logits)
        losses = [
            objective(fake_logits, real_logits) if takes_real_logits(objective) else objective(fake_logits)
            for objective in objectives
        ]
    return tf.stack([tf.cast(gradients_of(tape, loss, (fake_logits,))[0], tf.float32) for loss in losses])


def difference(cotangents: tf.Tensor, normalizes_scale: bool) -> tf.Tensor:
    """The largest difference between two cotangents, float32 scalar in [0, 2].

    Of optimizers that divide by the size of past gradients, such as Adam, only the direction remains: the distance of
    the unit vectors, 2 sin(θ/2) at an angle θ. Of others, such as SGD, the length remains too: ‖a − b‖ / max(‖a‖, ‖b‖).

    Args:
        cotangents: float32 [objectives, batch, 1].
        normalizes_scale: whether the optimizer makes the scale of a gradient irrelevant.
    """
    vectors = tf.reshape(cotangents, [cotangents.shape[0], -1])
    # Cotangents of a discriminator that has won are small: their squares vanish before they do.
    largest = tf.reduce_max(tf.abs(vectors), axis=1, keepdims=True)
    largest = largest if normalizes_scale else tf.reduce_max(largest, axis=0, keepdims=True)
    vectors = tf.math.divide_no_nan(vectors, largest)
    lengths = tf.norm(vectors, axis=1)
    if normalizes_scale:
        vectors, lengths = tf.math.divide_no_nan(vectors, lengths[:, None]), tf.ones_like(lengths)
    apart = tf.norm(vectors[:, None] - vectors[None], axis=2)
    longer = tf.maximum(lengths[:, None], lengths[None])
    return tf.reduce_max(tf.math.divide_no_nan(apart, longer))
