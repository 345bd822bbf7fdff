"""The real samples of one generation: how many there are, and how they are divided."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.utils.checks import InputError, require


class GenerationSizes(NamedTuple):
    """How many samples a generation takes, and for what.

    Attributes:
        batch_size: samples in a mutation and in a step of the discriminator.
        evaluation_size: samples, real and generated, that a child is evaluated on.
        fresh_steps: the discriminator's steps on batches that nothing else uses.
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
        """The sizes that the shapes tell."""
        return _sizes_of(self)


class LabelledBatches(NamedTuple):
    """The same with labels.

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
        """The sizes that the shapes tell."""
        return _sizes_of(self)


Batches = RealBatches | LabelledBatches


def _sizes_of(batches: Batches) -> GenerationSizes:
    steps, size = batches.fresh.shape[:2]
    return GenerationSizes(int(size), int(batches.evaluation.shape[0]), int(steps))


def sizes_for(settings: EvolutionSettings, batch_size: int) -> GenerationSizes:
    """The sizes of a generation at a batch size.

    Raises:
        InputError: if a batch cannot hold a sample of every survivor.
    """
    require(
        batch_size >= settings.population_size,
        "batch_size",
        f"must be at least the population size, {settings.population_size}: the discriminator sees samples of every "
        "survivor",
    )
    fresh_steps = settings.discriminator_steps - settings.reuse_evaluation_batch
    return GenerationSizes(batch_size, settings.evaluation_size or batch_size, fresh_steps)


def infer_sizes(settings: EvolutionSettings, count: int) -> GenerationSizes:
    """The sizes of a generation that takes `count` real samples.

    Where no step is fresh and the settings fix the evaluation size, the batch size equals it.

    Raises:
        InputError: if `count` fits no batch size; the message says which counts do.
    """
    one = sizes_for(settings, settings.population_size)
    fixed = settings.evaluation_size or 0
    shares = one.fresh_steps + (0 if fixed else 1)
    size, rest = divmod(count - fixed, shares) if shares else (fixed, count - fixed)
    if rest or size < 1:
        raise InputError("x", f"holds {count} samples; one generation takes {_formula(fixed, shares)}")
    return sizes_for(settings, size)


def _formula(fixed: int, shares: int) -> str:
    parts = [str(fixed)] if fixed else []
    if shares:
        parts.append(f"{shares} x batch_size" if shares > 1 else "batch_size")
    return " + ".join(parts)


def split_samples(samples: tf.Tensor, labels: tf.Tensor | None, sizes: GenerationSizes) -> Batches:
    """Divides the real samples of a generation, [sizes.total, ...]: first those for evaluation, then the batches."""
    if labels is None:
        return RealBatches(*_split(samples, sizes))
    evaluation, fresh = _split(samples, sizes)
    return LabelledBatches(evaluation, fresh, *_split(labels, sizes))


def _split(values: tf.Tensor, sizes: GenerationSizes) -> tuple[tf.Tensor, tf.Tensor]:
    evaluation = tf.ensure_shape(values[: sizes.evaluation_size], [sizes.evaluation_size, *values.shape[1:]])
    rest = values[sizes.evaluation_size : sizes.total]
    return evaluation, tf.reshape(rest, [sizes.fresh_steps, sizes.batch_size, *values.shape[1:]])


def as_batches(data: Any, settings: EvolutionSettings) -> Batches:
    """What a train step is given, as batches: as it is, or the samples (and labels) of one generation in one tensor.

    Raises:
        InputError: for a number of samples that makes no generation.
    """
    if isinstance(data, RealBatches | LabelledBatches):
        return data
    samples, labels = data if isinstance(data, tuple) else (data, None)
    return split_samples(samples, labels, infer_sizes(settings, int(samples.shape[0])))


def first_samples(batches: Batches) -> tuple[tf.Tensor, tf.Tensor | None]:
    """As many real samples as a batch holds, for the mutations: the generation's first, repeated if there are fewer.

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
