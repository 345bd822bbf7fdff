"""Evaluates samples with the discriminator: logits, loss and gradient against a shared real batch. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.losses import DiscriminatorLoss, SeparableLoss, Terms, batch_mean
from egan_tf.evolution.stateless import NetworkState, Tensors, apply_discriminator, gradients_of


class Evaluation(NamedTuple):
    """The input of a fitness function.

    Attributes:
        real: [real, ...], the real batch that all children of the generation are evaluated on.
        fake: [fake, ...], the child's samples, from noise that all children share.
        real_logits: float32 [real, 1].
        fake_logits: float32 [fake, 1].
        gradient: the gradient of the discriminator's loss on these samples, one tensor for each trainable weight.
        loss: float32 scalar, the discriminator's loss on these samples, penalties excluded.
        non_trainable: the discriminator's non-trainable state after these samples, such as BatchNorm's statistics.
    """

    real: tf.Tensor
    fake: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    gradient: Tensors
    loss: tf.Tensor
    non_trainable: Tensors

    @property
    def quality(self) -> tf.Tensor:
        """Fq = E[p(G(z))], float32 scalar in [0, 1], Wang et al. 2018, equation 6."""
        return quality(self.fake_logits)

    @property
    def diversity(self) -> tf.Tensor:
        """Fd = −log ‖∇L_D‖₂, float32 scalar, Wang et al. 2018, equation 7; +inf where the gradient vanishes."""
        return -tf.math.log(gradient_norm(self.gradient))


Evaluate = Callable[[tf.Tensor, "tf.Tensor | None"], Evaluation]


def quality(fake_logits: tf.Tensor) -> tf.Tensor:
    """Fq = E[p(G(z))], Wang et al. 2018, equation 6.

    Args:
        fake_logits: float32 [batch, 1].

    Returns:
        float32 scalar in [0, 1].
    """
    return batch_mean(tf.sigmoid(fake_logits))


def gradient_norm(gradient: Tensors) -> tf.Tensor:
    """‖·‖₂ over all tensors of a gradient together, float32 scalar."""
    # Not tf.linalg.global_norm, which has no batched form.
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(tf.cast(part, tf.float32))) for part in gradient]))


def evaluator(
    discriminator: keras.Model,
    loss: DiscriminatorLoss,
    state: NetworkState,
    real: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> Evaluate:
    """A function that evaluates samples against one real batch.

    Args:
        discriminator: the architecture.
        loss: what it minimises. The real terms of a `SeparableLoss` are computed once, for all children.
        state: the discriminator's state; it is not changed.
        real: [real, ...].
        labels: [real], for a conditional discriminator.

    Returns:
        A function from a child's samples [fake, ...] and their labels to its `Evaluation`.
    """
    if isinstance(loss, SeparableLoss):
        return _separable_evaluator(discriminator, loss, state, real, labels)

    def evaluate(fake: tf.Tensor, fake_labels: tf.Tensor | None = None) -> Evaluation:
        with tf.GradientTape() as tape:
            tape.watch(state.trainable)
            real_logits, after = apply_discriminator(discriminator, state, real, labels)
            state_after_real = state._replace(non_trainable=after)
            fake_logits, after = apply_discriminator(discriminator, state_after_real, fake, fake_labels)
            value = loss(real_logits, fake_logits)
        gradient = gradients_of(tape, value, state.trainable)
        return Evaluation(real, fake, real_logits, fake_logits, gradient, value, after)

    return evaluate


class _SampleTerms(NamedTuple):
    """The contribution of the real or of the fake samples to an evaluation."""

    logits: tf.Tensor
    loss: tf.Tensor
    gradient: Tensors
    non_trainable: Tensors


def _separable_evaluator(
    discriminator: keras.Model, loss: SeparableLoss, state: NetworkState, real: tf.Tensor, labels: tf.Tensor | None
) -> Evaluate:
    real_terms = _sample_terms(discriminator, loss.real, state, real, labels)
    state_after_real = state._replace(non_trainable=real_terms.non_trainable)

    def evaluate(fake: tf.Tensor, fake_labels: tf.Tensor | None = None) -> Evaluation:
        fake_terms = _sample_terms(discriminator, loss.fake, state_after_real, fake, fake_labels)
        gradient = tuple(a + b for a, b in zip(real_terms.gradient, fake_terms.gradient, strict=True))
        total = real_terms.loss + fake_terms.loss
        return Evaluation(real, fake, real_terms.logits, fake_terms.logits, gradient, total, fake_terms.non_trainable)

    return evaluate


def _sample_terms(
    discriminator: keras.Model, terms: Terms, state: NetworkState, samples: tf.Tensor, labels: tf.Tensor | None
) -> _SampleTerms:
    with tf.GradientTape() as tape:
        tape.watch(state.trainable)
        logits, after = apply_discriminator(discriminator, state, samples, labels)
        value = batch_mean(terms(logits))
    return _SampleTerms(logits, value, gradients_of(tape, value, state.trainable), after)
