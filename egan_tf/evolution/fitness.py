"""The fitness of a child, from its evaluation. Pure functions.

To add one, write a function `(evaluation, gamma) -> scalar`, higher is fitter, and name it in `FITNESSES`.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from egan_tf.evolution.evaluation import Evaluation, evaluator
from egan_tf.evolution.losses import DiscriminatorLoss, logistic
from egan_tf.evolution.quality import batch_mean
from egan_tf.evolution.stateless import state_of

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
        float32 scalar; +inf where the gradient vanishes.
    """
    return evaluator(discriminator, loss, state_of(discriminator), real)(fake, None).diversity


def egan(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq + γ·Fd, Wang et al. 2018, equation 8."""
    return evaluation.quality + gamma * evaluation.diversity


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
    """
    fake = tf.cast(evaluation.fake, tf.float32)
    half = tf.shape(fake)[0] // 2
    return evaluation.quality + gamma * batch_mean(tf.abs(fake[:half] - fake[half : 2 * half]))


FITNESSES: dict[str, Fitness] = {
    "egan": egan,
    "quality": quality_only,
    "diversity": diversity_only,
    "pairwise": pairwise,
}
