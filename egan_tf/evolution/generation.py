"""One generation of E-GAN as pure functions: state in, state out (Wang et al. 2018, algorithm 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.augmentation import Augment, augment_fn
from egan_tf.evolution.batches import Batches, evaluation_batch, first_samples
from egan_tf.evolution.cotangents import difference, logit_cotangents
from egan_tf.evolution.discriminator_update import DiscriminatorTraining
from egan_tf.evolution.evaluation import Evaluate, Evaluation, evaluator
from egan_tf.evolution.fitness import Fitness, fitness_of, sampling_error
from egan_tf.evolution.individual import Individual, Origin, single_parent
from egan_tf.evolution.lecam import mean_logits
from egan_tf.evolution.map_functions import MapFn
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.noise import (
    EVALUATION,
    EVALUATION_FAKE,
    EVALUATION_REAL,
    MUTATION,
    MUTATION_FAKE,
    MUTATION_REAL,
    GenerationNoise,
)
from egan_tf.evolution.objective_slots import inherited_slots
from egan_tf.evolution.objectives import Objective
from egan_tf.evolution.operator_checks import children_of
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.outcome import Outcome, outcome_of, own_objectives, preferring_own, tie_tolerance
from egan_tf.evolution.selection import all_finite, fittest
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.stacking import concatenate, take, where
from egan_tf.evolution.stateless import NetworkState, Tensors, apply_network, assigned_weights
from egan_tf.evolution.tournaments import TournamentRule, tournament_rule
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
        outcome: what the choice has decided.
        difference: float32 scalar, of the objectives' cotangents at the survivors' logits; 0 unless a rule of
            `tournaments` asks for it.
    """

    survivors: Individual
    scores: Scores
    retained: tf.Tensor
    fake: tf.Tensor
    updates: DiscriminatorUpdate
    viable: tf.Tensor
    children_scores: Scores
    children_origins: Origin
    outcome: Outcome
    difference: tf.Tensor


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
            context = self.context(noise, state, batches)._replace(siblings=concatenate(made) if made else None)
            children = children_of(operator, context, parents)
            origin = children.origin._replace(operator=children.origin.operator + offset)
            evaluations = self.evaluate(noise, parents, children, evaluate, batches)
            # Layers that assign to their own weights: the child lives on with those that the discriminator judged.
            trainable = evaluations.weights or children.network.trainable
            network = children.network._replace(trainable=trainable)
            made.append(Children(children._replace(network=network, origin=origin), evaluations._replace(weights=())))
            offset += len(operator.names)
        return concatenate(made)

    def context(self, noise: GenerationNoise, state: NetworkState, batches: Batches) -> VariationContext:
        """The inputs of the first operator; the arguments are those of `make_children`."""
        real, labels = first_samples(batches)
        per_objective = self.settings.slots == "objective"
        return VariationContext(
            self.networks,
            self.optimizer,
            state,
            lambda number: noise.latents(batches.sizes.batch_size, MUTATION, number),
            real,
            labels,
            self.settings.mutation_steps,
            self.map_fn,
            None,
            # All children's slots are kept per objective, so that none is spared by deferring.
            may_defer=len(self.operators) == 1 and not per_objective,
            augment_fake=lambda number: self._augment(noise, MUTATION_FAKE, number),
            augment_real=self._augment(noise, MUTATION_REAL),
            slots_per_objective=per_objective,
        )

    @property
    def rule(self) -> TournamentRule:
        """When tournaments are held."""
        return tournament_rule(self.settings.tournaments)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives, where they are all that makes children; else ()."""
        kinds = [operator for operator in self.operators if isinstance(operator, ObjectiveMutation)]
        return tuple(kinds[0].objectives.values()) if len(kinds) == len(self.operators) == 1 else ()

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
            error = sampling_error(self.fitness, self.training.loss, evaluation)
            # Equal already, but for devices that round in another way: all replicas must come to one decision.
            judged = replicas.mean((self._scores(evaluation), error, self._difference(evaluation)))
            return ChildEvaluation(judged[0], fake, self._update(evaluation), finite, weights, *judged[1:])

        def evaluate_gradient(child: Individual) -> ChildEvaluation:
            grown = self._grown(parents, tf.nest.map_structure(lambda part: part[None], child))
            finite = all_finite((grown.network, grown.slots), 1)[0]
            return evaluate_network(take(grown.network, 0), finite)

        count = children.origin.operator.shape[0]
        if children.gradient:
            return self.map_fn(evaluate_gradient, children, count)
        return self.map_fn(lambda network: evaluate_network(network, tf.constant(True)), children.network, count)

    def _difference(self, evaluation: Evaluation) -> tf.Tensor | tuple[()]:
        if self.rule.kind != "angle":
            return ()
        cotangents = logit_cotangents(self.objectives, evaluation.fake_logits, evaluation.real_logits)
        return difference(cotangents, self.optimizer.normalizes_scale)

    def _scores(self, evaluation: Evaluation) -> Scores:
        fitness = fitness_of(self.fitness, evaluation, self.gamma)
        return Scores(evaluation.quality, evaluation.diversity, fitness)

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
        finite = all_finite((individuals.network, individuals.slots), count) & children.evaluations.finite
        viable = tf.math.is_finite(scores.fitness) & finite
        origins = individuals.origin
        tolerance = tie_tolerance(scores.quality, scores.fitness, viable)
        ranked = fittest(self.ranking(parents, children, viable, tolerance), viable, size)
        chosen, rank = tf.minimum(ranked, count - 1), tf.maximum(ranked - count, 0)
        retained = ranked >= count

        def chosen_children() -> tuple[NetworkState, Tensors]:
            grown = self._grown(parents, take(individuals, chosen))
            return grown.network, grown.slots if one_set else ()

        one_set = self.settings.slots == "lineage"
        old = parents.network, parents.slots if one_set else ()
        network, slots = tf.cond(
            tf.reduce_any(retained),
            lambda: where(retained, take(old, rank), chosen_children()),
            chosen_children,
        )
        origin = where(
            retained, single_parent(rank, take(parents.origin.operator, rank)), take(individuals.origin, chosen)
        )
        if not one_set:
            lines = origin.parents[:, 0]
            slots = inherited_slots(parents.slots, individuals.slots, finite, lines, self.optimizer.counts_line)
        survivor_scores = where(retained, take(parent_scores, rank), take(scores, chosen))
        fake, updates = take((children.evaluations.fake, children.evaluations.update), chosen)
        viable_count = tf.reduce_sum(tf.cast(viable, tf.int32))
        survivors = Individual(network, slots, origin)
        outcome = outcome_of(scores.fitness, viable, children.evaluations.error, origins, chosen, retained, tolerance)
        differences = children.evaluations.difference
        apart = tf.reduce_max(take(differences, chosen)) if self.rule.kind == "angle" else tf.constant(0.0)
        return Selected(
            survivors, survivor_scores, retained, fake, updates, viable_count, scores, origins, outcome, apart
        )

    def ranking(self, parents: Individual, children: Children, viable: tf.Tensor, tolerance: tf.Tensor) -> tf.Tensor:
        """What children are ranked by, float32 [n]: their fitness, with ties as the rule of `tournaments` wants them.

        Args:
            parents: [μ, ...].
            children: [n, ...].
            viable: bool [n].
            tolerance: float32 scalar, the difference of F up to which siblings are tied.
        """
        fitness = children.evaluations.scores.fitness
        if self.rule.always:
            return fitness
        own = own_objectives(parents.origin)
        return preferring_own(fitness, viable, children.individuals.origin, own, tolerance)

    def _grown(self, parents: Individual, children: Individual) -> Individual:
        """The children with weights and slots, also those that are only gradients."""
        if not children.gradient:
            return children
        of_parents = take((parents.network.trainable, parents.slots), children.origin.parents[:, 0])
        weights, slots = self.optimizer.apply(children.gradient, *of_parents)
        return Individual(children.network._replace(trainable=weights), slots, children.origin)
