"""Evaluates samples with the discriminator: logits, loss and gradient against a shared real batch. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.augmentation import Augment
from egan_tf.evolution.loss_scale import scaled, unscaled
from egan_tf.evolution.losses import DiscriminatorLoss, SeparableLoss, Terms, quality_of
from egan_tf.evolution.quality import batch_mean
from egan_tf.evolution.stateless import (
    NetworkState,
    Tensors,
    apply_discriminator,
    assigned_weights,
    gradients_of,
)
from egan_tf.evolution.sums import summed_to_rows


class Evaluation(NamedTuple):
    """The input of a fitness function; on several replicas it is about the samples of all.

    Attributes:
        real: [real, ...], the real batch that all children of the generation are evaluated on.
        fake: [fake, ...], the child's samples, from noise that all children share.
        real_logits: float32 [real, 1].
        fake_logits: float32 [fake, 1].
        gradient: the gradient of the discriminator's loss on these samples, one tensor for each trainable weight.
        loss: float32 scalar, the discriminator's loss on these samples; penalties and its layers' losses excluded.
        quality: Fq, float32 scalar in [0, 1], Wang et al. 2018, equation 6; under another loss that of `quality.py`.
        non_trainable: the discriminator's non-trainable state after these samples, such as BatchNorm's statistics.
        weights: its trainable weights after these samples, if its layers assigned to them; else ().
        added_gradient: the gradient of what its layers added by `add_loss` and activity regularizers; () if nothing.
    """

    real: tf.Tensor
    fake: tf.Tensor
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    gradient: Tensors
    loss: tf.Tensor
    quality: tf.Tensor
    non_trainable: Tensors
    weights: Tensors = ()
    added_gradient: Tensors = ()

    @property
    def diversity(self) -> tf.Tensor:
        """Fd = −log ‖∇L_D‖₂, float32 scalar, Wang et al. 2018, equation 7; at most 43.7, see `log_norm`."""
        return -log_norm(self.gradient)


LEAST_NORM = float(np.sqrt(np.finfo("float32").tiny))
"""Of a gradient, as far as its logarithm is concerned."""

Evaluate = Callable[[tf.Tensor, "tf.Tensor | None"], Evaluation]


def all_samples(evaluation: Evaluation) -> Evaluation:
    """The evaluation with the samples of all replicas."""
    real, fake = (replicas.all_rows(samples) for samples in (evaluation.real, evaluation.fake))
    return evaluation._replace(real=real, fake=fake)


def gradient_norm(gradient: Tensors) -> tf.Tensor:
    """‖·‖₂ over all tensors of a gradient together, float32 scalar."""
    # Not tf.linalg.global_norm, which has no batched form.
    return tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(tf.cast(part, tf.float32))) for part in gradient]))


def log_norm(gradient: Tensors) -> tf.Tensor:
    """log ‖·‖₂, float32 scalar; a norm below `LEAST_NORM`, whose square float32 does not hold, counts as that.

    So a child is viable where the gradient vanishes, as under the hinge loss once all logits are beyond the margin.
    """
    norm = gradient_norm(gradient)
    return tf.math.log(tf.where(norm < LEAST_NORM, LEAST_NORM, norm))


def norm_by_columns(gradient: Tensors) -> tf.Tensor:
    """`gradient_norm` with another rounding, float32 scalar.

    XLA's sum over all axes adds one number after the other on a CPU: some percent of a plain step of the preset ring8.
    """
    squares = [tf.square(tf.cast(part, tf.float32)) for part in gradient]
    return tf.sqrt(tf.add_n([tf.reduce_sum(row) for row in summed_to_rows(squares)]))


def evaluator(
    discriminator: keras.Model,
    loss: DiscriminatorLoss,
    state: NetworkState,
    real: tf.Tensor,
    labels: tf.Tensor | None = None,
    scale: tf.Tensor | None = None,
    augment_real: Augment = tf.identity,
    augment_fake: Augment = tf.identity,
) -> Evaluate:
    """A function that evaluates samples against one real batch.

    Args:
        discriminator: the architecture.
        loss: what it minimises. The real terms of a `SeparableLoss` are computed once, for all children.
        state: the discriminator's state; it is not changed.
        real: [real, ...].
        labels: [real], for a conditional discriminator.
        scale: float32 scalar; losses are multiplied by it before they are differentiated, and gradients divided.
        augment_real: what the discriminator sees of the real samples.
        augment_fake: what it sees of a child's samples, the same for all children.

    Returns:
        A function from a child's samples [fake, ...] and their labels to its `Evaluation`, with the samples of this
        replica; see `all_samples`.
    """
    make = _separable_evaluator if isinstance(loss, SeparableLoss) else _paired_evaluator
    seen = make(discriminator, loss, state, augment_real(real), labels, scale)  # type: ignore[arg-type]

    def evaluate(fake: tf.Tensor, fake_labels: tf.Tensor | None = None) -> Evaluation:
        result = seen(augment_fake(fake), fake_labels)
        names = ("gradient", "non_trainable", "weights", "added_gradient")
        means = replicas.mean({name: getattr(result, name) for name in names})
        return result._replace(real=real, fake=fake, **means)

    return evaluate


def _paired_evaluator(
    discriminator: keras.Model,
    loss: DiscriminatorLoss,
    state: NetworkState,
    real: tf.Tensor,
    labels: tf.Tensor | None,
    scale: tf.Tensor | None,
) -> Evaluate:
    """For any loss: the pass over the real samples is shared, its backward pass depends on the child's logits."""
    with tf.GradientTape(persistent=True) as real_tape:
        real_tape.watch(state.trainable)
        on_real = apply_discriminator(discriminator, state, real, labels)
        added_to_real = None if on_real.added_loss is None else scaled(on_real.added_loss, scale)

    def evaluate(fake: tf.Tensor, fake_labels: tf.Tensor | None = None) -> Evaluation:
        weights = on_real.after.trainable
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(weights)
            on_fake = apply_discriminator(discriminator, on_real.after, fake, fake_labels)
            added_to_fake = None if on_fake.added_loss is None else scaled(on_fake.added_loss, scale)
        logits = on_real.outputs, on_fake.outputs
        with tf.GradientTape() as logits_tape:
            logits_tape.watch(logits)
            every = replicas.all_rows(logits[0]), replicas.all_rows(logits[1])
            value = loss(*every)
            target = scaled(value, scale)
        at_real, at_fake = gradients_of(logits_tape, target, logits)
        gradient = _sum(
            gradients_of(real_tape, on_real.outputs, state.trainable, output_gradients=at_real),
            gradients_of(tape, on_fake.outputs, weights, output_gradients=at_fake),
        )
        added = ()
        if added_to_real is not None and added_to_fake is not None:
            added = _sum(
                gradients_of(real_tape, added_to_real, state.trainable), gradients_of(tape, added_to_fake, weights)
            )
        return Evaluation(
            real,
            fake,
            *every,
            unscaled(gradient, scale),
            value,
            quality_of(loss)(*every),
            on_fake.after.non_trainable,
            assigned_weights(state, on_fake.after),
            unscaled(added, scale) if added else (),
        )

    return evaluate


class _SampleTerms(NamedTuple):
    """The contribution of the real or of the fake samples to an evaluation."""

    logits: tf.Tensor
    loss: tf.Tensor
    gradient: Tensors
    after: NetworkState
    added_gradient: Tensors


def _separable_evaluator(
    discriminator: keras.Model,
    loss: SeparableLoss,
    state: NetworkState,
    real: tf.Tensor,
    labels: tf.Tensor | None,
    scale: tf.Tensor | None,
) -> Evaluate:
    on_real = _sample_terms(discriminator, loss.real, state, real, labels, scale)

    def evaluate(fake: tf.Tensor, fake_labels: tf.Tensor | None = None) -> Evaluation:
        on_fake = _sample_terms(discriminator, loss.fake, on_real.after, fake, fake_labels, scale)
        return Evaluation(
            real,
            fake,
            on_real.logits,
            on_fake.logits,
            _sum(on_real.gradient, on_fake.gradient),
            on_real.loss + on_fake.loss,
            loss.quality(on_real.logits, on_fake.logits),
            on_fake.after.non_trainable,
            assigned_weights(state, on_fake.after),
            _sum(on_real.added_gradient, on_fake.added_gradient),
        )

    return evaluate


def _sample_terms(
    discriminator: keras.Model,
    terms: Terms,
    state: NetworkState,
    samples: tf.Tensor,
    labels: tf.Tensor | None,
    scale: tf.Tensor | None,
) -> _SampleTerms:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(state.trainable)
        logits, after, added_loss = apply_discriminator(discriminator, state, samples, labels)
        logits = replicas.all_rows(logits)
        value = batch_mean(terms(logits))
        target = scaled(value, scale)
        added = None if added_loss is None else scaled(added_loss, scale)
    gradient = unscaled(gradients_of(tape, target, state.trainable), scale)
    added_gradient = () if added is None else unscaled(gradients_of(tape, added, state.trainable), scale)
    return _SampleTerms(logits, value, gradient, after, added_gradient)


def _sum(one: Tensors, other: Tensors) -> Tensors:
    return tuple(a + b for a, b in zip(one, other, strict=True))
