"""The adversarial objectives: what a mutation minimises, and what the discriminator minimises.

All are functions of logits l, with p = sigmoid(l), written with softplus so that no logarithm meets a rounded zero:
log p = -softplus(-l) and log(1 - p) = -softplus(l). To add a mutation, write a function from the logits of the
fakes to a scalar and name it in `MUTATIONS`.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Mutation = Callable[[tf.Tensor], tf.Tensor]


def batch_mean(values: tf.Tensor) -> tf.Tensor:
    """The mean over a batch. Every mean over samples goes through here, so that replicas can be averaged in one place.

    Args:
        values: float32 [batch, ...].

    Returns:
        float32 scalar.
    """
    return tf.reduce_mean(values)


def minimax(fake_logits: tf.Tensor) -> tf.Tensor:
    """½·E[log(1 − p)], Wang et al. 2018, equation 3 (Goodfellow et al. 2014).

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return -0.5 * batch_mean(tf.nn.softplus(fake_logits))


def heuristic(fake_logits: tf.Tensor) -> tf.Tensor:
    """−½·E[log p], Wang et al. 2018, equation 4: the non-saturating objective.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return 0.5 * batch_mean(tf.nn.softplus(-fake_logits))


def least_squares(fake_logits: tf.Tensor) -> tf.Tensor:
    """E[(p − 1)²], Wang et al. 2018, equation 5, on the probability as the paper has it.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return batch_mean(tf.square(tf.sigmoid(-fake_logits)))


def least_squares_logit(fake_logits: tf.Tensor) -> tf.Tensor:
    """E[(l − 1)²]: the least-squares objective on the logit, as in the authors' PyTorch code and in LSGAN.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return batch_mean(tf.square(fake_logits - 1.0))


MUTATIONS: dict[str, Mutation] = {
    "minimax": minimax,
    "heuristic": heuristic,
    "least_squares": least_squares,
    "least_squares_logit": least_squares_logit,
}


def discriminator_loss(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """−E[log p(x)] − E[log(1 − p(G(z)))], Wang et al. 2018, equation 9: two means, so the batches may differ in size.

    Args:
        real_logits: float32 [real, 1].
        fake_logits: float32 [fake, 1].

    Returns:
        float32 scalar, to be minimised by the discriminator.
    """
    return batch_mean(tf.nn.softplus(-real_logits)) + batch_mean(tf.nn.softplus(fake_logits))
