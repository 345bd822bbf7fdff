"""The real samples of one generation, divided into an evaluation batch and fresh batches for the discriminator."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.utils.checks import InputError, require


class GenerationSizes(NamedTuple):
    """Numbers of samples in a generation.

    Attributes:
        batch_size: samples in a mutation, and in a discriminator step.
        evaluation_size: real samples, and generated samples of each child, in the evaluation.
        fresh_steps: discriminator steps on fresh batches, which nothing else uses.
    """

    batch_size: int
    evaluation_size: int
    fresh_steps: int

    @property
    def total(self) -> int:
        """Real samples in a generation: those for evaluation, and a batch for each fresh step."""
        return self.evaluation_size + self.fresh_steps * self.batch_size


class RealBatches(NamedTuple):
    """The real samples of one generation.

    Attributes:
        evaluation: [evaluation_size, ...].
        fresh: [fresh_steps, batch_size, ...].
    """

    evaluation: tf.Tensor
    fresh: tf.Tensor

    @property
    def sizes(self) -> GenerationSizes:
        """The sizes, from the shapes."""
        return _sizes_of(self)


class LabelledBatches(NamedTuple):
    """The labelled real samples of one generation.

    Attributes:
        evaluation: [evaluation_size, ...].
        fresh: [fresh_steps, batch_size, ...].
        evaluation_labels: [evaluation_size].
        fresh_labels: [fresh_steps, batch_size].
    """

    evaluation: tf.Tensor
    fresh: tf.Tensor
    evaluation_labels: tf.Tensor
    fresh_labels: tf.Tensor

    @property
    def sizes(self) -> GenerationSizes:
        """The sizes, from the shapes."""
        return _sizes_of(self)


Batches = RealBatches | LabelledBatches
Batch = tuple[tf.Tensor, tf.Tensor | None]
"""Samples [n, ...] and their labels [n], or None."""


def _sizes_of(batches: Batches) -> GenerationSizes:
    steps, size = batches.fresh.shape[:2]
    return GenerationSizes(int(size), int(batches.evaluation.shape[0]), int(steps))


def sizes_for(settings: EvolutionSettings, batch_size: int) -> GenerationSizes:
    """The sizes of a generation at a batch size.

    Raises:
        InputError: if a batch cannot hold a sample of every survivor, or the evaluation batch where it must.
    """
    require(
        batch_size >= settings.population_size,
        "batch_size",
        f"must be at least the population size, {settings.population_size}: the discriminator sees samples of every "
        "survivor",
    )
    evaluation_size = settings.evaluation_size or batch_size
    require(
        evaluation_size >= settings.population_size or not divides_evaluation(settings),
        "evaluation_size",
        f"must be at least the population size, {settings.population_size}, where the discriminator takes a step on "
        "the evaluation batch with samples of every survivor; or set reuse_evaluation_batch=False",
    )
    fresh_steps = settings.discriminator_steps - settings.reuse_evaluation_batch
    return GenerationSizes(batch_size, evaluation_size, fresh_steps)


def divides_evaluation(settings: EvolutionSettings) -> bool:
    """Whether survivors share one batch of evaluation samples, instead of being seen with all of theirs.

    So it is in a generation without a tournament, and in penalties and LeCam regularization.
    """
    weights = settings.r1_weight, settings.r2_weight, settings.gradient_penalty_weight, settings.lecam_weight
    return settings.reuse_evaluation_batch and (settings.tournaments != "always" or any(weights))


def infer_sizes(settings: EvolutionSettings, count: int) -> GenerationSizes:
    """The sizes of a generation that takes `count` real samples; the inverse of `GenerationSizes.total`.

    If the settings fix the evaluation size and no step is fresh, `count` says nothing about the batch size, and the
    evaluation size is taken.

    Raises:
        InputError: if `count` fits no batch size; the message says which counts do.
    """
    smallest = sizes_for(settings, settings.population_size)
    fixed = settings.evaluation_size or 0
    batches = smallest.fresh_steps + (0 if fixed else 1)
    size, rest = divmod(count - fixed, batches) if batches else (fixed, count - fixed)
    if rest or size < 1:
        raise InputError("x", f"holds {count} samples; one generation takes {_formula(fixed, batches)}")
    return sizes_for(settings, size)


def _formula(fixed: int, batches: int) -> str:
    parts = [str(fixed)] if fixed else []
    if batches:
        parts.append(f"{batches} x batch_size" if batches > 1 else "batch_size")
    return " + ".join(parts)


def split_samples(samples: tf.Tensor, labels: tf.Tensor | None, sizes: GenerationSizes) -> Batches:
    """Divides the real samples of a generation, [sizes.total, ...], into the evaluation batch and the fresh batches."""
    if labels is None:
        return RealBatches(*_split(samples, sizes))
    evaluation, fresh = _split(samples, sizes)
    return LabelledBatches(evaluation, fresh, *_split(labels, sizes))


def _split(values: tf.Tensor, sizes: GenerationSizes) -> tuple[tf.Tensor, tf.Tensor]:
    evaluation = tf.ensure_shape(values[: sizes.evaluation_size], [sizes.evaluation_size, *values.shape[1:]])
    rest = values[sizes.evaluation_size : sizes.total]
    return evaluation, tf.reshape(rest, [sizes.fresh_steps, sizes.batch_size, *values.shape[1:]])


def as_batches(data: Any, settings: EvolutionSettings) -> Batches:
    """The argument of a train step as batches.

    Args:
        data: batches, returned unchanged; or the samples of one generation, [total, ...]; or (samples, labels).
        settings: of the evolution.

    Raises:
        InputError: the number of samples fits no batch size.
    """
    if isinstance(data, RealBatches | LabelledBatches):
        return data
    samples, labels = data if isinstance(data, tuple) else (data, None)
    problem = "holds an unknown number of samples, where the step must know it; give it the shape by tf.ensure_shape"
    require(samples.shape[0] is not None, "x", problem)
    return split_samples(samples, labels, infer_sizes(settings, int(samples.shape[0])))


def evaluation_batch(batches: Batches) -> Batch:
    """The evaluation batch and its labels, or None."""
    return batches.evaluation, batches.evaluation_labels if isinstance(batches, LabelledBatches) else None


def fresh_batches(batches: Batches) -> list[Batch]:
    """The real batch of each fresh discriminator step and its labels, or None."""
    steps = range(batches.sizes.fresh_steps)
    if isinstance(batches, LabelledBatches):
        return [(batches.fresh[step], batches.fresh_labels[step]) for step in steps]
    return [(batches.fresh[step], None) for step in steps]


def first_samples(batches: Batches) -> tuple[tf.Tensor, tf.Tensor | None]:
    """The real batch of the mutations: the generation's first samples, repeated if there are fewer than a batch.

    Returns:
        [batch_size, ...], and their labels [batch_size] or None.
    """

    def first(evaluation: tf.Tensor, fresh: tf.Tensor) -> tf.Tensor:
        everything = tf.concat([evaluation, tf.reshape(fresh, [-1, *evaluation.shape[1:]])], axis=0)
        sizes = batches.sizes
        return tf.gather(everything, tf.range(sizes.batch_size) % sizes.total)

    samples = first(batches.evaluation, batches.fresh)
    if isinstance(batches, RealBatches):
        return samples, None
    return samples, first(batches.evaluation_labels, batches.fresh_labels)
