"""One generation of E-GAN as pure functions: state in, state out (Wang et al. 2018, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.augmentation import Augment, augment_fn
from egan_tf.evolution.batches import Batches, LabelledBatches, first_samples
from egan_tf.evolution.discriminator_update import Batch, DiscriminatorTraining
from egan_tf.evolution.evaluation import Evaluate, Evaluation, evaluator
from egan_tf.evolution.fitness import Fitness
from egan_tf.evolution.individual import Individual, Origin, single_parent
from egan_tf.evolution.lecam import mean_logits
from egan_tf.evolution.map_functions import MapFn
from egan_tf.evolution.noise import (
    EVALUATION,
    EVALUATION_FAKE,
    EVALUATION_REAL,
    MUTATION,
    MUTATION_FAKE,
    MUTATION_REAL,
    GenerationNoise,
)
from egan_tf.evolution.operator_checks import children_of
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.selection import all_finite, fittest
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import concatenate, take, where
from egan_tf.evolution.stateless import NetworkState, Tensors, apply_network, assigned_weights
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
        gamma: the weight of the diversity in this generation, a number or a float32 scalar.
    """

    networks: Networks
    optimizer: StatelessOptimizer
    operators: Sequence[Operator]
    fitness: Fitness
    training: DiscriminatorTraining
    settings: EvolutionSettings
    map_fn: MapFn
    gamma: float | tf.Tensor

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
            augment_real=self._augment(noise, EVALUATION_REAL),
            augment_fake=self._augment(noise, EVALUATION_FAKE),
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
                may_defer=len(self.operators) == 1,
                augment_fake=lambda number: self._augment(noise, MUTATION_FAKE, number),
                augment_real=self._augment(noise, MUTATION_REAL),
            )
            children = children_of(operator, context, parents)
            origin = children.origin._replace(operator=children.origin.operator + offset)
            evaluations = self.evaluate(noise, parents, children, evaluate, batches)
            # Layers that assign to their own weights: the child lives on with those that the discriminator judged.
            trainable = evaluations.weights or children.network.trainable
            network = children.network._replace(trainable=trainable)
            made.append(Children(children._replace(network=network, origin=origin), evaluations._replace(weights=())))
            offset += len(operator.names)
        return concatenate(made)

    def _augment(self, noise: GenerationNoise, use: int, number: int | tf.Tensor = 0) -> Augment:
        return augment_fn(self.settings.augmentations, noise, use, number)

    def evaluate(
        self, noise: GenerationNoise, parents: Individual, children: Individual, evaluate: Evaluate, batches: Batches
    ) -> ChildEvaluation:
        """The evaluations of children on the evaluation noise, [n, ...].

        Args:
            noise: of the generation.
            parents: the population, [μ, ...].
            children: [n, ...].
            evaluate: from samples and labels to an evaluation.
            batches: the real samples, for their number and labels.
        """
        latents = noise.latents(batches.sizes.evaluation_size, EVALUATION)
        _, labels = evaluation_batch(batches)

        def evaluate_network(network: NetworkState, finite: tf.Tensor) -> ChildEvaluation:
            fake, after = apply_network(self.networks.generator, network, latents, labels)
            evaluation = evaluate(fake, labels)
            weights = assigned_weights(network, after)
            return ChildEvaluation(self._scores(evaluation), fake, self._update(evaluation), finite, weights)

        def evaluate_gradient(child: Individual) -> ChildEvaluation:
            grown = self._grown(parents, tf.nest.map_structure(lambda part: part[None], child))
            finite = all_finite((grown.network, grown.slots), 1)[0]
            return evaluate_network(take(grown.network, 0), finite)

        count = children.origin.operator.shape[0]
        if children.gradient:
            return self.map_fn(evaluate_gradient, children, count)
        return self.map_fn(lambda network: evaluate_network(network, tf.constant(True)), children.network, count)

    def _scores(self, evaluation: Evaluation) -> Scores:
        fitness = self.fitness(evaluation, self.gamma)
        return Scores(evaluation.quality, evaluation.diversity, tf.cast(fitness, tf.float32))

    def _update(self, evaluation: Evaluation) -> DiscriminatorUpdate:
        """The update on the evaluation batch; only its loss if the evaluation batch is not reused."""
        if not self.settings.reuse_evaluation_batch:
            return DiscriminatorUpdate((), (), evaluation.loss)
        means = mean_logits(evaluation.real_logits, evaluation.fake_logits) if self.settings.lecam_weight else ()
        gradient, added = evaluation.gradient, evaluation.added_gradient
        if added:
            gradient = tuple(a + b for a, b in zip(gradient, added, strict=True))
        return DiscriminatorUpdate(gradient, evaluation.non_trainable, evaluation.loss, evaluation.weights, means)

    def select(self, parents: Individual, parent_scores: Scores, children: Children) -> Selected:
        """The fittest viable children; if there are too few, the fittest parents are retained.

        Args:
            parents: [μ, ...], the fittest first.
            parent_scores: [μ].
            children: [n, ...].
        """
        size, scores = self.settings.population_size, children.evaluations.scores
        count = scores.fitness.shape[0]
        individuals = children.individuals
        viable = tf.math.is_finite(scores.fitness) & all_finite((individuals.network, individuals.slots), count)
        viable &= children.evaluations.finite
        ranked = fittest(scores.fitness, viable, size)
        chosen, rank = tf.minimum(ranked, count - 1), tf.maximum(ranked - count, 0)
        retained = ranked >= count

        def chosen_children() -> tuple[NetworkState, Tensors]:
            grown = self._grown(parents, take(individuals, chosen))
            return grown.network, grown.slots

        network, slots = tf.cond(
            tf.reduce_any(retained),
            lambda: where(retained, take((parents.network, parents.slots), rank), chosen_children()),
            chosen_children,
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

    def _grown(self, parents: Individual, children: Individual) -> Individual:
        """The children with weights and slots, also those that are only gradients."""
        if not children.gradient:
            return children
        of_parents = take((parents.network.trainable, parents.slots), children.origin.parents[:, 0])
        weights, slots = self.optimizer.apply(children.gradient, *of_parents)
        return Individual(children.network._replace(trainable=weights), slots, children.origin)


def evaluation_batch(batches: Batches) -> Batch:
    """The evaluation batch and its labels, or None."""
    return batches.evaluation, batches.evaluation_labels if isinstance(batches, LabelledBatches) else None


def fresh_batches(batches: Batches) -> list[Batch]:
    """The real batch of each fresh discriminator step and its labels, or None."""
    steps = range(batches.sizes.fresh_steps)
    if isinstance(batches, LabelledBatches):
        return [(batches.fresh[step], batches.fresh_labels[step]) for step in steps]
    return [(batches.fresh[step], None) for step in steps]
