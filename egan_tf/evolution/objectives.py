"""The adversarial objectives that the mutations of a generator minimise.

All are functions of logits l, with p = sigmoid(l), written with softplus so that no logarithm meets a rounded zero:
log p = -softplus(-l) and log(1 - p) = -softplus(l). To add one, write a function from the logits of generated
samples to a scalar and name it in `OBJECTIVES`. Keyword-only arguments are its parameters; a second positional argument
receives the logits of real samples, float32 [batch, 1].
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import tensorflow as tf

from egan_tf.evolution.quality import batch_mean

Objective = Callable[..., tf.Tensor]


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


def least_squares(fake_logits: tf.Tensor, *, target: float = 1.0) -> tf.Tensor:
    """E[(p − target)²], Wang et al. 2018, equation 5, on the probability, as in the paper.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.
        target: the target probability; below 1 is one-sided label smoothing.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    if target == 1.0:  # 1 − p without cancellation
        return batch_mean(tf.square(tf.sigmoid(-fake_logits)))
    return batch_mean(tf.square(tf.sigmoid(fake_logits) - target))


def least_squares_logit(fake_logits: tf.Tensor) -> tf.Tensor:
    """E[(l − 1)²]: the least-squares objective on the logit, as in the authors' PyTorch code and in LSGAN.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return batch_mean(tf.square(fake_logits - 1.0))


def hinge(fake_logits: tf.Tensor) -> tf.Tensor:
    """−E[l]: the generator's side of the hinge loss, Miyato et al. 2018, and of Wasserstein's, Gulrajani et al. 2017.

    Equation 17 of the first, and equation 3 of the second without its penalty.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return -batch_mean(fake_logits)


wasserstein = hinge
"""−E[l]: the generator's side of the Wasserstein loss, Gulrajani et al. 2017; the same function as `hinge`."""


def relativistic(fake_logits: tf.Tensor, real_logits: tf.Tensor) -> tf.Tensor:
    """E[softplus(l_r − l_f)] over pairs of a generated and a real sample, Jolicoeur-Martineau 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1], the discriminator on generated samples.
        real_logits: float32 [batch, 1], on real samples.

    Returns:
        float32 scalar, to be minimised by the generator.
    """
    return batch_mean(tf.nn.softplus(real_logits - fake_logits))


OBJECTIVES: dict[str, Objective] = {
    "minimax": minimax,
    "heuristic": heuristic,
    "least_squares": least_squares,
    "least_squares_logit": least_squares_logit,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic": relativistic,
}
"""Objectives by name: from the logits of generated samples, float32 [batch, 1], and of real samples where there is a
second parameter, to a float32 scalar that the generator minimises."""

NEED_LEVEL = (minimax, heuristic, least_squares, least_squares_logit)
"""Objectives that compare a logit with a fixed number; the others depend on differences of logits alone."""


def needs_level(objective: Objective) -> bool:
    """Whether an objective of this module, perhaps with parameters, compares a logit with a fixed number."""
    return getattr(objective, "func", objective) in NEED_LEVEL


def takes_real_logits(objective: Objective) -> bool:
    """Whether an objective is a function of `(fake_logits, real_logits)`, and not of the fake logits alone."""
    parameters = inspect.signature(objective).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds and one.default is one.empty for one in parameters) > 1
