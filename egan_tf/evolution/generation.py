"""One generation of E-GAN as pure functions: state in, state out (Wang et al. 2018, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.batches import Batches, LabelledBatches, first_samples
from egan_tf.evolution.discriminator_update import Batch, DiscriminatorTraining
from egan_tf.evolution.evaluation import Evaluate, Evaluation, evaluator
from egan_tf.evolution.fitness import Fitness
from egan_tf.evolution.individual import Individual, Origin, single_parent
from egan_tf.evolution.map_functions import MapFn
from egan_tf.evolution.noise import EVALUATION, MUTATION, GenerationNoise
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.selection import all_finite, fittest
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import concatenate, take, where
from egan_tf.evolution.stateless import NetworkState, apply_network, assigned_weights
from egan_tf.evolution.variation import (
    ChildEvaluation,
    Children,
    DiscriminatorUpdate,
    Networks,
    Operator,
    Scores,
    VariationContext,
)


class Selected(NamedTuple):
    """The survivors, the fittest first, and the scores of all children.

    Attributes:
        survivors: [μ, ...], with their origins.
        scores: of the survivors, [μ].
        retained: bool [μ], True for a parent that is retained because too few children are viable.
        fake: the survivors' samples from the evaluation noise, [μ, evaluation, ...].
        updates: the discriminator's update on each survivor's samples, [μ, ...].
        viable: int32 scalar, how many children were finite in their weights, their slots and their fitness.
        children_scores: of all children, [n].
        children_origins: of all children, [n].
    """

    survivors: Individual
    scores: Scores
    retained: tf.Tensor
    fake: tf.Tensor
    updates: DiscriminatorUpdate
    viable: tf.Tensor
    children_scores: Scores
    children_origins: Origin


@dataclass(frozen=True)
class Generation:
    """The steps of a generation, with the functions and settings that they use.

    Attributes:
        networks: the architectures.
        optimizer: the generators' optimizer.
        operators: the variation operators, in the order in which they make children.
        fitness: the fitness function.
        training: computes the updates of the discriminator.
        settings: numbers and switches.
        map_fn: maps over individuals.
    """

    networks: Networks
    optimizer: StatelessOptimizer
    operators: Sequence[Operator]
    fitness: Fitness
    training: DiscriminatorTraining
    settings: EvolutionSettings
    map_fn: MapFn

    def make_children(
        self, noise: GenerationNoise, parents: Individual, state: NetworkState, batches: Batches
    ) -> Children:
        """All children with their evaluations, operator by operator, [n, ...].

        Every child is evaluated on the same noise and the same real samples.

        Args:
            noise: of the generation.
            parents: the population, [μ, ...].
            state: the discriminator's state; it is not changed.
            batches: the real samples.
        """
        real, labels = first_samples(batches)
        evaluate = evaluator(
            self.networks.discriminator,
            self.training.loss,
            state,
            *evaluation_batch(batches),
            scale=self.training.loss_scale,
        )
        made: list[Children] = []
        offset = 0
        for operator in self.operators:
            context = VariationContext(
                self.networks,
                self.optimizer,
                state,
                lambda number: noise.latents(batches.sizes.batch_size, MUTATION, number),
                real,
                labels,
                self.settings.mutation_steps,
                self.map_fn,
                concatenate(made) if made else None,
            )
            children = operator(context, parents)
            origin = children.origin._replace(operator=children.origin.operator + offset)
            evaluations = self.evaluate(noise, children.network, evaluate, batches)
            # Layers that assign to their own weights: the child lives on with those that the discriminator judged.
            trainable = evaluations.weights or children.network.trainable
            network = children.network._replace(trainable=trainable)
            made.append(Children(children._replace(network=network, origin=origin), evaluations._replace(weights=())))
            offset += len(operator.names)
        return concatenate(made)

    def evaluate(
        self, noise: GenerationNoise, children: NetworkState, evaluate: Evaluate, batches: Batches
    ) -> ChildEvaluation:
        """The evaluations of children on the evaluation noise, [n, ...].

        Args:
            noise: of the generation.
            children: [n, ...].
            evaluate: from samples and labels to an evaluation.
            batches: the real samples, for their number and labels.
        """
        latents = noise.latents(batches.sizes.evaluation_size, EVALUATION)
        _, labels = evaluation_batch(batches)

        def evaluate_child(child: NetworkState) -> ChildEvaluation:
            fake, after = apply_network(self.networks.generator, child, latents, labels)
            evaluation = evaluate(fake, labels)
            weights = assigned_weights(child, after)
            return ChildEvaluation(self._scores(evaluation), fake, self._update(evaluation), weights)

        return self.map_fn(evaluate_child, children, children.trainable[0].shape[0])

    def _scores(self, evaluation: Evaluation) -> Scores:
        fitness = self.fitness(evaluation, self.settings.gamma)
        return Scores(evaluation.quality, evaluation.diversity, tf.cast(fitness, tf.float32))

    def _update(self, evaluation: Evaluation) -> DiscriminatorUpdate:
        """The update on the evaluation batch; only its loss if the evaluation batch is not reused."""
        if not self.settings.reuse_evaluation_batch:
            return DiscriminatorUpdate((), (), evaluation.loss)
        gradient, added = evaluation.gradient, evaluation.added_gradient
        if added:
            gradient = tuple(a + b for a, b in zip(gradient, added, strict=True))
        return DiscriminatorUpdate(gradient, evaluation.non_trainable, evaluation.loss, evaluation.weights)

    def select(self, parents: Individual, parent_scores: Scores, children: Children) -> Selected:
        """The fittest viable children; if there are too few, the fittest parents are retained.

        Args:
            parents: [μ, ...], the fittest first.
            parent_scores: [μ].
            children: [n, ...].
        """
        size, scores = self.settings.population_size, children.evaluations.scores
        count = scores.fitness.shape[0]
        viable = tf.math.is_finite(scores.fitness) & all_finite(children.individuals, count)
        ranked = fittest(scores.fitness, viable, size)
        chosen, rank = tf.minimum(ranked, count - 1), tf.maximum(ranked - count, 0)
        retained = ranked >= count

        child_states = (children.individuals.network, children.individuals.slots)
        network, slots = tf.cond(
            tf.reduce_any(retained),
            lambda: where(retained, take((parents.network, parents.slots), rank), take(child_states, chosen)),
            lambda: take(child_states, chosen),
        )
        origin = where(
            retained,
            single_parent(rank, take(parents.origin.operator, rank)),
            take(children.individuals.origin, chosen),
        )
        survivor_scores = where(retained, take(parent_scores, rank), take(scores, chosen))
        fake, updates = take((children.evaluations.fake, children.evaluations.update), chosen)
        viable_count = tf.reduce_sum(tf.cast(viable, tf.int32))
        survivors = Individual(network, slots, origin)
        origins = children.individuals.origin
        return Selected(survivors, survivor_scores, retained, fake, updates, viable_count, scores, origins)


def evaluation_batch(batches: Batches) -> Batch:
    """The evaluation batch and its labels, or None."""
    return batches.evaluation, batches.evaluation_labels if isinstance(batches, LabelledBatches) else None


def fresh_batches(batches: Batches) -> list[Batch]:
    """The real batch of each fresh discriminator step and its labels, or None."""
    steps = range(batches.sizes.fresh_steps)
    if isinstance(batches, LabelledBatches):
        return [(batches.fresh[step], batches.fresh_labels[step]) for step in steps]
    return [(batches.fresh[step], None) for step in steps]
