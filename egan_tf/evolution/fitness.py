"""The fitness of a child, from its evaluation. Pure functions.

To add one, write a function `(evaluation, gamma) -> scalar`, higher is fitter, and name it in `FITNESSES`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from egan_tf.evolution.evaluation import LEAST_NORM, Evaluation, all_samples, evaluator, log_norm
from egan_tf.evolution.losses import DiscriminatorLoss, logistic, quality_of
from egan_tf.evolution.quality import batch_mean, quality_error, standard_error
from egan_tf.evolution.stateless import state_of
from egan_tf.utils.checks import require

Fitness = Callable[[Evaluation, float], tf.Tensor]


def diversity(
    discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor, loss: DiscriminatorLoss = logistic
) -> tf.Tensor:
    """Fd = −log ‖∇L_D‖₂ over all trainable weights of D, Wang et al. 2018, equation 7.

    The authors' Theano code takes the logarithm of the squared norm: its γ is half of ours.

    Args:
        discriminator: a built network that returns logits; its variables are not changed.
        real: [real, ...].
        fake: [fake, ...], the samples of one generator.
        loss: what the discriminator minimises.

    Returns:
        float32 scalar, at most 43.7: smaller norms count as 1.1e-19, the root of the smallest float32.
    """
    return evaluator(discriminator, loss, state_of(discriminator), real)(fake, None).diversity


def egan(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq + γ·Fd, Wang et al. 2018, equation 8."""
    return evaluation.quality + gamma * evaluation.diversity


def balanced(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq + γ·Fd′ with Fd′ = −log(‖∇L_D‖ / L_D): a diversity that does not reward a child that D rejects for sure.

    Where D has won, ‖∇L_D‖ and L_D vanish together, so that Fd′ stays where Fd grows without bound. With a balanced D
    the loss is the same for all siblings, and Fd′ chooses as Fd does. docs/evolution.md derives both limits. Where the
    loss is 0, D rejects all samples for sure, and Fd′ is the lowest there is, −43.7.
    """
    won = evaluation.loss == 0.0
    loss = tf.where(won, 1.0, evaluation.loss)
    # ∇L/L = ∇ log L, divided before it is squared, because the squares vanish first.
    relative = tuple(tf.cast(part, tf.float32) / loss for part in evaluation.gradient)
    return evaluation.quality - gamma * tf.where(won, -math.log(LEAST_NORM), log_norm(relative))


def logit(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = E[l_f] + γ·Fd: the quality on the logit, as in Li et al. 2021 (IE-GAN), with the diversity of `egan`.

    It does not saturate where D has won. Siblings face one discriminator, so that a common offset of the logits, which
    some losses leave open, does not change the choice.
    """
    return batch_mean(evaluation.fake_logits) + gamma * evaluation.diversity


def quality_only(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq; γ has no effect."""
    del gamma
    return evaluation.quality


def diversity_only(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fd; γ has no effect."""
    del gamma
    return evaluation.diversity


def pairwise(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq + γ·E|G(z) − G(z′)|, the diversity of Li et al. 2021 (IE-GAN, arXiv 2109.11078), equation 6.

    The samples are paired, the first half with the second; |·| is the mean over the numbers of a sample. It needs no
    gradient of the discriminator, and does not grow where the discriminator has won.

    Raises:
        InputError: there are fewer than 2 samples.
    """
    fake = tf.cast(evaluation.fake, tf.float32)
    problem = "must be at least 2 for the fitness pairwise, which compares samples in pairs"
    require(fake.shape[0] is None or fake.shape[0] > 1, "evaluation_size", problem)
    half = tf.shape(fake)[0] // 2
    return evaluation.quality + gamma * batch_mean(tf.abs(fake[:half] - fake[half : 2 * half]))


FITNESSES: dict[str, Fitness] = {
    "egan": egan,
    "balanced": balanced,
    "logit": logit,
    "quality": quality_only,
    "diversity": diversity_only,
    "pairwise": pairwise,
}
"""Fitness functions by name: from an `Evaluation` and γ to a scalar, higher is fitter."""


_OF_LOGITS = (egan, balanced, logit, quality_only, diversity_only)
"""Fitnesses that look at no samples."""


def fitness_of(fitness: Fitness, evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F of a child, float32 scalar; functions that may look at samples get those of all replicas."""
    seen = evaluation if fitness in _OF_LOGITS else all_samples(evaluation)
    return tf.cast(fitness(seen, gamma), tf.float32)


def sampling_error(fitness: Fitness, loss: DiscriminatorLoss, evaluation: Evaluation) -> tf.Tensor:
    """The standard error of a fitness' quality over the generated samples, float32 scalar.

    That of E[l_f] for `logit`, of Fq for all others: the size below which differences of F are chance.

    Args:
        fitness: the function.
        loss: of the discriminator, whose Fq it is.
        evaluation: of a child.
    """
    if fitness is logit:
        return standard_error(evaluation.fake_logits)
    return quality_error(quality_of(loss), evaluation.real_logits, evaluation.fake_logits)
