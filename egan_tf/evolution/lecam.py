"""LeCam regularization of the discriminator's logits, for small data (Tseng et al. 2021, arXiv 2104.03310)."""

from __future__ import annotations

import tensorflow as tf

from egan_tf.evolution.quality import batch_mean

DECAY = 0.99
"""Of the moving means of logits, per step of the discriminator."""
ANCHORS = 3
"""Numbers in the state: two means, and the number of steps that they have seen."""


def lecam_penalty(real_logits: tf.Tensor, fake_logits: tf.Tensor, anchors: tf.Tensor) -> tf.Tensor:
    """E(l_r − α_F)² + E(l_f − α_R)², Tseng et al. 2021, equation 4; zero before the first step has made anchors.

    Args:
        real_logits: float32 [real, 1].
        fake_logits: float32 [fake, 1].
        anchors: float32 [3]: α_R and α_F, the moving means of the logits of real and generated samples, and the number
            of steps that they have seen.
    """
    mean_real, mean_fake, steps = tf.unstack(anchors)
    penalty = batch_mean(tf.square(real_logits - mean_fake)) + batch_mean(tf.square(fake_logits - mean_real))
    return tf.where(steps > 0.0, penalty, 0.0)


def next_anchors(anchors: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The anchors after a step: plain means at first, then with decay `DECAY`.

    Args:
        anchors: float32 [3].
        logits: float32 [2], the mean logits of real and of generated samples in the step.
    """
    steps = anchors[2] + 1.0
    rate = tf.maximum(1.0 - DECAY, 1.0 / steps)
    return tf.concat([anchors[:2] + rate * (logits - anchors[:2]), [steps]], axis=0)


def mean_logits(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """The mean logits of a step, float32 [2]."""
    return tf.stack([batch_mean(real_logits), batch_mean(fake_logits)])
