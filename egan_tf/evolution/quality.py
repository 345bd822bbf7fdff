"""Fq, how real the discriminator takes a child's samples to be, for each kind of discriminator loss. Pure functions.

The paper defines Fq for a discriminator whose logit is a log-odds. What a logit means follows from the loss, so each
loss brings its own Fq. All are in [0, 1], are ½ where the discriminator cannot tell samples from real ones, and rise
with the logits of the samples, so that γ weighs the diversity against the same scale everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Quality = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Maps (real_logits, fake_logits), each float32 [batch, 1], to a float32 scalar."""


def quality(fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq = E[p(G(z))] with p = sigmoid(l), Wang et al. 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1].

    Returns:
        float32 scalar in [0, 1].
    """
    return batch_mean(tf.sigmoid(fake_logits))


def probability(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the logistic loss: `quality`; the logits of real samples do not enter."""
    del real_logits
    return quality(fake_logits)


def margin_probability(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the hinge loss: E[sigmoid(2 l_f)].

    The hinge loss drives logits to −1 and 1, the ends of its margin. Between them sigmoid(2 l) is (l + 1) / 2 to first
    order, which is the objective −E[l_f] up to scale; beyond them it saturates, but still tells children apart.
    """
    del real_logits
    return batch_mean(tf.sigmoid(2.0 * fake_logits))


def standardized_score(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the Wasserstein loss: sigmoid((E[l_f] − E[l_r]) / s), s the standard deviation of both batches together.

    A critic is defined up to an offset, and its scale depends on the penalty; this does not change by l → a·l + b with
    a > 0. The argument is in [−2, 2], as s is at least half of the distance of the means.
    """
    real_mean, fake_mean = batch_mean(real_logits), batch_mean(fake_logits)
    middle = 0.5 * (real_mean + fake_mean)
    spread = 0.5 * (batch_mean(tf.square(real_logits - middle)) + batch_mean(tf.square(fake_logits - middle)))
    return tf.sigmoid(tf.math.divide_no_nan(fake_mean - real_mean, tf.sqrt(spread)))


def preference(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq of the relativistic loss: E[sigmoid(l_f − l_r)], how often a generated sample looks more real than a real one.

    Jolicoeur-Martineau 2018, equation 6, with the samples paired by their place in the batch.
    """
    return batch_mean(tf.sigmoid(fake_logits - real_logits))


def batch_mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over a batch. Every mean over samples goes through here, so that replicas can be averaged in one place.

    Args:
        values: float32 [batch, ...].

    Returns:
        float32 scalar.
    """
    return tf.reduce_mean(values)
