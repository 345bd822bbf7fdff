"""The fitness of a child: quality, diversity, and what weighs them. Nothing here changes any state.

To add a fitness, write a function `(evaluation, gamma) -> scalar` and name it in `FITNESSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.objectives import batch_mean, discriminator_loss
from egan_tf.evolution.stateless import NetworkState, Tensors, apply_network, state_of


class Evaluation(NamedTuple):
    """What the generation knows about a child.

    Attributes:
        real: [evaluation, ...], the real batch that all children of the generation are scored on.
        fake: [evaluation, ...], the child's samples, from noise that all children share.
        real_logits: float32 [evaluation, 1].
        fake_logits: float32 [evaluation, 1].
        gradient: the gradient of the discriminator's loss on these samples, one tensor for each trainable weight.
        loss: float32 scalar, the discriminator's loss on these samples, penalties excluded.
    """

    real: tf.Tensor
    fake: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    gradient: Tensors
    loss: tf.Tensor

    @property
    def quality(self) -> tf.Tensor:
        """Fq, float32 scalar."""
        return quality(self.fake_logits)

    @property
    def diversity(self) -> tf.Tensor:
        """Fd, float32 scalar."""
        return -tf.math.log(tf.linalg.global_norm(self.gradient))


Fitness = Callable[[Evaluation, float], tf.Tensor]


def quality(fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq = E[p(G(z))], Wang et al. 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1].

    Returns:
        float32 scalar in [0, 1].
    """
    return batch_mean(tf.sigmoid(fake_logits))


def evaluate(
    discriminator: keras.Model,
    judge: NetworkState,
    real: tf.Tensor,
    fake: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> Evaluation:
    """Shows the discriminator a real and a generated batch, and takes its loss' gradient over all trainable weights.

    Args:
        discriminator: the architecture.
        judge: the discriminator's state; it stays as it is.
        real: [real, ...].
        fake: [fake, ...], the child's samples.
        labels: [batch], for a conditional discriminator; then real and fake are of one size.

    Returns:
        The evaluation that fitness functions read.
    """
    with tf.GradientTape() as tape:
        tape.watch(judge.trainable)
        real_logits, frozen = apply_network(discriminator, judge, real, labels)
        fake_logits, _ = apply_network(discriminator, judge._replace(frozen=frozen), fake, labels)
        real_logits, fake_logits = tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32)
        loss = discriminator_loss(real_logits, fake_logits)
    gradient = tape.gradient(loss, judge.trainable, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return Evaluation(real, fake, real_logits, fake_logits, tuple(gradient), loss)


def diversity(discriminator: keras.Model, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """Fd = −log ‖∇(−E[log p(x)] − E[log(1 − p(G(z)))])‖₂ over all of D's trainable weights (equation 7).

    The authors' Theano code takes the logarithm of the squared norm: its γ is half of ours.

    Args:
        discriminator: a built network with logits out; its variables stay as they are.
        real: [real, ...].
        fake: [fake, ...], the samples of one generator.

    Returns:
        float32 scalar; +inf where the gradient vanishes.
    """
    return evaluate(discriminator, state_of(discriminator), real, fake).diversity


def egan(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq + γ·Fd, Wang et al. 2018, equation 8."""
    return evaluation.quality + gamma * evaluation.diversity


def quality_alone(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fq, whatever γ."""
    del gamma
    return evaluation.quality


def diversity_alone(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """F = Fd, whatever γ."""
    del gamma
    return evaluation.diversity


FITNESSES: dict[str, Fitness] = {"egan": egan, "quality": quality_alone, "diversity": diversity_alone}
