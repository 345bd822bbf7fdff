"""One generation of E-GAN as functions of tensors: variation, evaluation, selection, and the discriminator's steps.

Nothing here keeps anything: what comes in are states, what goes out are states (Wang et al. 2018, algorithm 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.fitness import Evaluation, Fitness, evaluate_fake, evaluate_real
from egan_tf.evolution.individuals import Sweep, merge, take
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.objectives import Mutation, discriminator_loss
from egan_tf.evolution.penalties import r1_penalty, wgan_gradient_penalty
from egan_tf.evolution.selection import all_finite, fittest
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stateless import (
    Individual,
    NetworkState,
    StatelessOptimizer,
    Tensors,
    apply_network,
    gradients_of,
)
from egan_tf.evolution.variation import Networks, mutate
from egan_tf.utils import randomness

# What a generation draws noise for: each purpose has a stream of its own.
PURPOSES = 4
MUTATION, EVALUATION, DISCRIMINATOR, PENALTY = range(PURPOSES)

Batch = tuple[tf.Tensor, tf.Tensor | None]


class Scores(NamedTuple):
    """Fq, Fd and F, each float32 [n]."""

    quality: tf.Tensor
    diversity: tf.Tensor
    fitness: tf.Tensor


class Lesson(NamedTuple):
    """What the discriminator learns from one batch.

    Attributes:
        gradient: of its loss, penalties included, one tensor for each trainable weight.
        frozen: its other state after the batch.
        loss: float32 scalar, penalties excluded.
    """

    gradient: Tensors
    frozen: Tensors
    loss: tf.Tensor


class Judgement(NamedTuple):
    """How one child was seen: its scores, its samples, and what the discriminator learns from them."""

    scores: Scores
    fake: tf.Tensor
    lesson: Lesson


class Selected(NamedTuple):
    """The survivors, the fittest first.

    Attributes:
        survivors: [μ, ...].
        chosen: int32 [μ], their positions among the children; of no meaning for a parent that stays.
        stayed: int32 [μ], the place of a parent that stays, for want of a viable child; −1 for a child.
        viable: int32 scalar, how many children were finite in their weights, their slots and their fitness.
        scores: of all children, [μ·M].
        fake: the survivors' samples of the scoring noise, [μ, evaluation, ...].
        lessons: what the discriminator learns from each survivor, [μ, ...].
    """

    survivors: Individual
    chosen: tf.Tensor
    stayed: tf.Tensor
    viable: tf.Tensor
    scores: Scores
    fake: tf.Tensor
    lessons: Lesson


@dataclass(frozen=True)
class Generation:
    """The rules of a generation.

    Attributes:
        networks: the architectures.
        optimizer: the generators' optimizer, for all children at a time.
        mutations: the objectives.
        fitness: the fitness function.
        latent: the noise.
        settings: numbers and switches.
        batch_size: samples in a mutation and in a step of the discriminator.
        evaluation_size: samples that a child is scored on.
        sweep: the way to go over individuals.
        restarts: int64 scalar, how often the run went back to an earlier generation; each time brings other noise.
    """

    networks: Networks
    optimizer: StatelessOptimizer
    mutations: Sequence[Mutation]
    fitness: Fitness
    latent: Latent
    settings: EvolutionSettings
    batch_size: int
    evaluation_size: int
    sweep: Sweep
    restarts: tf.Tensor

    def noise(self, step: tf.Tensor, count: int, purpose: int, number: int | tf.Tensor = 0) -> tf.Tensor:
        """The noise of a purpose at a generation, float32 [count, latent]: a function of seed, step and restarts."""
        return self.latent.sample(count, self._stream(step, purpose, number))

    def _stream(self, step: tf.Tensor, purpose: int, number: int | tf.Tensor) -> tf.Tensor:
        return randomness.stream(self.settings.seed, step, purpose + PURPOSES * self.restarts, number)

    def vary(self, step: tf.Tensor, parents: Individual, judge: NetworkState, labels: tf.Tensor | None) -> Individual:
        """All children, [μ·M, ...]."""
        return mutate(
            self.networks,
            self.optimizer,
            parents,
            judge,
            lambda number: self.noise(step, self.batch_size, MUTATION, number),
            self.mutations,
            population_size=self.settings.population_size,
            steps=self.settings.mutation_steps,
            labels=labels,
            sweep=self.sweep,
        )

    def score(self, step: tf.Tensor, children: NetworkState, judge: NetworkState, batch: Batch) -> Judgement:
        """Every child on the same noise and the same real samples, [μ·M, ...]."""
        real, labels = batch
        noise = self.noise(step, self.evaluation_size, EVALUATION)
        half = evaluate_real(self.networks.discriminator, judge, real, labels)

        def judged(child: NetworkState) -> Judgement:
            fake, _ = apply_network(self.networks.generator, child, noise, labels)
            evaluation = evaluate_fake(self.networks.discriminator, judge, half, fake, labels)
            return Judgement(self._scores(evaluation), fake, self._kept(evaluation))

        return self.sweep(judged, children, self.settings.population_size * len(self.mutations))

    def _scores(self, evaluation: Evaluation) -> Scores:
        fitness = self.fitness(evaluation, self.settings.gamma)
        return Scores(evaluation.quality, evaluation.diversity, tf.cast(fitness, tf.float32))

    def _kept(self, evaluation: Evaluation) -> Lesson:
        """What of an evaluation outlives it: nothing but the loss where the discriminator takes fresh batches only."""
        if self.settings.reuse_evaluation_batch:
            return Lesson(evaluation.gradient, evaluation.frozen, evaluation.loss)
        return Lesson((), (), evaluation.loss)

    def select(self, parents: Individual, children: Individual, judgement: Judgement) -> Selected:
        """The fittest viable children; where there are too few of them, the fittest parents besides."""
        size, fitness = self.settings.population_size, judgement.scores.fitness
        count = size * len(self.mutations)
        viable = tf.math.is_finite(fitness) & all_finite(children, count)
        ranked = fittest(fitness, viable, size)
        chosen, stayed = tf.minimum(ranked, count - 1), tf.maximum(ranked - count, -1)

        def with_parents() -> Individual:
            staying = take(parents, tf.maximum(stayed, 0))
            return tf.nest.map_structure(lambda parent, child: _where(stayed >= 0, parent, child), staying, born())

        def born() -> Individual:
            return take(children, chosen)

        survivors = tf.cond(tf.reduce_any(stayed >= 0), with_parents, born)
        fake, lessons = take((judgement.fake, judgement.lesson), chosen)
        living = tf.reduce_sum(tf.cast(viable, tf.int32))
        return Selected(survivors, chosen, stayed, living, judgement.scores, fake, lessons)

    def scored_lesson(self, step: tf.Tensor, selected: Selected, judge: NetworkState, batch: Batch) -> Lesson:
        """The discriminator's gradient on the scoring batch, which the scores of the survivors already hold.

        A survivor's diversity gradient is the gradient of the discriminator's loss on the survivor's samples; the
        mean over survivors is that on the samples of all. A parent that stays was not scored and teaches nothing: where
        all stay, the lesson is not a number. Penalties are added.
        """
        lesson = tf.nest.map_structure(lambda values: _mean_or_first(values, selected.stayed < 0), selected.lessons)
        if not self._penalized:
            return lesson
        real, labels = batch
        shares = self._shares(self.evaluation_size)
        fake = tf.concat([selected.fake[rank, :share] for rank, share in enumerate(shares)], axis=0)
        with tf.GradientTape() as tape:
            tape.watch(judge.trainable)
            penalty = self._penalty(step, 0, judge, real, fake, labels)
        added = gradients_of(tape, penalty, judge.trainable)
        return lesson._replace(gradient=tuple(a + b for a, b in zip(lesson.gradient, added, strict=True)))

    def fresh_lesson(
        self, step: tf.Tensor, number: int, survivors: NetworkState, judge: NetworkState, batch: Batch
    ) -> Lesson:
        """The discriminator's gradient on a batch of its own, against new samples of the survivors."""
        real, labels = batch
        fake = self._survivors_samples(step, number, survivors, labels)
        discriminator = self.networks.discriminator
        with tf.GradientTape() as tape:
            tape.watch(judge.trainable)
            real_logits, frozen = apply_network(discriminator, judge, real, labels)
            fake_logits, frozen = apply_network(discriminator, judge._replace(frozen=frozen), fake, labels)
            loss = discriminator_loss(tf.cast(real_logits, tf.float32), tf.cast(fake_logits, tf.float32))
            penalized = loss + self._penalty(step, number, judge, real, fake, labels) if self._penalized else loss
        return Lesson(gradients_of(tape, penalized, judge.trainable), frozen, loss)

    def _survivors_samples(
        self, step: tf.Tensor, number: int, survivors: NetworkState, labels: tf.Tensor | None
    ) -> tf.Tensor:
        """A batch that all survivors contribute to, in shares as equal as the batch size allows."""
        noise, generator = self.noise(step, self.batch_size, DISCRIMINATOR, number), self.networks.generator
        count = self.settings.population_size
        if labels is None and self.batch_size % count == 0:
            parts = tf.reshape(noise, [count, -1, self.latent.size])
            samples = self.sweep(lambda pair: apply_network(generator, *pair)[0], (survivors, parts), count)
            return merge(samples)
        shares = self._shares(self.batch_size)
        noises = tf.split(noise, shares)
        named = [None] * count if labels is None else tf.split(labels, shares)
        return tf.concat(
            [apply_network(generator, take(survivors, rank), noises[rank], named[rank])[0] for rank in range(count)],
            axis=0,
        )

    def _shares(self, size: int) -> list[int]:
        count = self.settings.population_size
        return [size // count + (rank < size % count) for rank in range(count)]

    @property
    def _penalized(self) -> bool:
        return bool(self.settings.r1_weight or self.settings.gradient_penalty_weight)

    def _penalty(
        self,
        step: tf.Tensor,
        number: int,
        judge: NetworkState,
        real: tf.Tensor,
        fake: tf.Tensor,
        labels: tf.Tensor | None,
    ) -> tf.Tensor:
        def logits(samples: tf.Tensor) -> tf.Tensor:
            return tf.cast(apply_network(self.networks.discriminator, judge, samples, labels)[0], tf.float32)

        penalty = tf.constant(0.0)
        if self.settings.r1_weight:
            penalty += self.settings.r1_weight * r1_penalty(logits, real)
        if self.settings.gradient_penalty_weight:
            mix = randomness.uniform([real.shape[0]], self._stream(step, PENALTY, number), 0.0, 1.0)
            fake = tf.cast(fake, real.dtype)
            penalty += self.settings.gradient_penalty_weight * wgan_gradient_penalty(logits, real, fake, mix)
        return penalty


def _where(condition: tf.Tensor, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    """Member by member of two stacks, by a condition [members]."""
    return tf.where(tf.reshape(condition, [-1] + [1] * (one.shape.rank - 1)), one, other)


def _mean_or_first(values: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """The mean over the members that count, bool [members]; NaN if none does.

    Of what is no number that means anything, such as a random layer's state, the first.
    """
    if not values.dtype.is_floating:
        return values[0]
    total = tf.reduce_sum(_where(counts, values, tf.zeros_like(values)), axis=0)
    return total / tf.reduce_sum(tf.cast(counts, values.dtype))
