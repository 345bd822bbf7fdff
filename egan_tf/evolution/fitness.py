"""The fitness of a child: quality, diversity, and what weighs them. Nothing here changes any state.

To add a fitness, write a function `(evaluation, gamma) -> scalar` and name it in `FITNESSES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.objectives import batch_mean
from egan_tf.evolution.stateless import NetworkState, Tensors, apply_network, gradients_of, state_of


class Evaluation(NamedTuple):
    """What the generation knows about a child.

    Attributes:
        real: [real, ...], the real batch that all children of the generation are scored on.
        fake: [fake, ...], the child's samples, from noise that all children share.
        real_logits: float32 [real, 1].
        fake_logits: float32 [fake, 1].
        gradient: the gradient of the discriminator's loss on these samples, one tensor for each trainable weight.
        loss: float32 scalar, the discriminator's loss on these samples, penalties excluded.
        frozen: the discriminator's other state, such as BatchNorm's statistics, as these samples would leave it.
    """

    real: tf.Tensor
    fake: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    gradient: Tensors
    loss: tf.Tensor
    frozen: Tensors

    @property
    def quality(self) -> tf.Tensor:
        """Fq, float32 scalar."""
        return quality(self.fake_logits)

    @property
    def diversity(self) -> tf.Tensor:
        """Fd, float32 scalar."""
        return -tf.math.log(gradient_norm(self.gradient))


class RealHalf(NamedTuple):
    """What all evaluations on one real batch share.

    Attributes:
        real: [real, ...].
        logits: float32 [real, 1].
        loss: float32 scalar, −E[log p(x)].
        gradient: its gradient, one tensor for each trainable weight.
        frozen: the discriminator's other state after the pass.
    """

    real: tf.Tensor
    logits: tf.Tensor
    loss: tf.Tensor
    gradient: Tensors
    frozen: Tensors


Fitness = Callable[[Evaluation, float], tf.Tensor]


def quality(fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq = E[p(G(z))], Wang et al. 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1].

    Returns:
        float32 scalar in [0, 1].
    """
    return batch_mean(tf.sigmoid(fake_logits))


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
    judge = state_of(discriminator)
    return evaluate_fake(discriminator, judge, evaluate_real(discriminator, judge, real), fake).diversity


def gradient_norm(gradient: Tensors) -> tf.Tensor:
    """‖·‖₂ over all tensors of a gradient together, float32 scalar."""
    # Not tf.linalg.global_norm, which has no batched form.
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(tf.cast(part, tf.float32))) for part in gradient]))


def evaluate_real(
    discriminator: keras.Model, judge: NetworkState, real: tf.Tensor, labels: tf.Tensor | None = None
) -> RealHalf:
    """Shows the discriminator a real batch: the half of every evaluation that no child changes."""
    logits, loss, gradient, frozen = _half(discriminator, judge, real, labels, sign=-1.0)
    return RealHalf(real, logits, loss, gradient, frozen)


def evaluate_fake(
    discriminator: keras.Model,
    judge: NetworkState,
    half: RealHalf,
    fake: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> Evaluation:
    """Shows the discriminator a child's samples after the real batch, and adds the two halves up.

    Args:
        discriminator: the architecture.
        judge: its state, as `half` saw it; it stays as it is.
        half: the real half.
        fake: [fake, ...], the child's samples.
        labels: [fake], for a conditional discriminator.

    Returns:
        The evaluation that fitness functions read.
    """
    after = judge._replace(frozen=half.frozen)
    logits, loss, gradient, frozen = _half(discriminator, after, fake, labels, sign=1.0)
    whole = tuple(one + other for one, other in zip(half.gradient, gradient, strict=True))
    return Evaluation(half.real, fake, half.logits, logits, whole, half.loss + loss, frozen)


def _half(
    discriminator: keras.Model, judge: NetworkState, samples: tf.Tensor, labels: tf.Tensor | None, sign: float
) -> tuple[tf.Tensor, tf.Tensor, Tensors, Tensors]:
    """Logits, E[softplus(sign·l)], its gradient over the trainable weights, and the other state after the pass."""
    with tf.GradientTape() as tape:
        tape.watch(judge.trainable)
        logits, frozen = apply_network(discriminator, judge, samples, labels)
        logits = tf.cast(logits, tf.float32)
        loss = batch_mean(tf.nn.softplus(sign * logits))
    return logits, loss, gradients_of(tape, loss, judge.trainable), frozen


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
