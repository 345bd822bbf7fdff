"""Penalties on the discriminator's gradient at samples. They change its steps, but not the fitness of children."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from egan_tf.evolution.quality import batch_mean

Logits = Callable[[tf.Tensor], tf.Tensor]


def _squared_gradient_norms(logits: Logits, samples: tf.Tensor) -> tf.Tensor:
    """‖∇ₓ D(x)‖² of each sample, float32 [batch]."""
    with tf.GradientTape() as tape:
        tape.watch(samples)
        total = tf.reduce_sum(logits(samples))
    gradients = tf.cast(tape.gradient(total, samples), tf.float32)
    return tf.reduce_sum(tf.square(gradients), axis=tuple(range(1, gradients.shape.rank)))


def r1_penalty(logits: Logits, real: tf.Tensor) -> tf.Tensor:
    """½·E‖∇ₓ D(x)‖² on real samples, on the logit (Mescheder et al. 2018, equation 9, at weight 1).

    Args:
        logits: the discriminator, [batch, ...] to float32 [batch, 1].
        real: float32 [batch, ...].

    Returns:
        float32 scalar.
    """
    return 0.5 * batch_mean(_squared_gradient_norms(logits, real))


def r2_penalty(logits: Logits, fake: tf.Tensor) -> tf.Tensor:
    """½·E‖∇ₓ D(x)‖² on generated samples, on the logit (Mescheder et al. 2018, section 4.1, R₂ at weight 1).

    Args:
        logits: the discriminator, [batch, ...] to float32 [batch, 1].
        fake: float32 [batch, ...]; no gradient flows to the generator.

    Returns:
        float32 scalar.
    """
    return 0.5 * batch_mean(_squared_gradient_norms(logits, fake))


def wgan_gradient_penalty(logits: Logits, real: tf.Tensor, fake: tf.Tensor, mix: tf.Tensor) -> tf.Tensor:
    """E(‖∇ₓ D(x)‖ − 1)² between real and fake samples (Gulrajani et al. 2017, equation 3, at weight 1).

    Args:
        logits: the discriminator, [batch, ...] to float32 [batch, 1].
        real: float32 [batch, ...].
        fake: float32 [batch, ...].
        mix: float32 [batch] in [0, 1], the weight of the real sample.

    Returns:
        float32 scalar.
    """
    weight = tf.reshape(mix, [-1] + [1] * (real.shape.rank - 1))
    between = weight * real + (1.0 - weight) * fake
    # The derivative of the square root is infinite at zero; the offset keeps it finite.
    norms = tf.sqrt(_squared_gradient_norms(logits, between) + 1e-12)
    return batch_mean(tf.square(norms - 1.0))
