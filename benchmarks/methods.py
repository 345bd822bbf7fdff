"""Methods compared on the toys: E-GAN, each objective alone, controls, and variants that might make evolution pay.

A method is a set of evolution settings and, where no setting reaches, a subclass of `EGAN` that overrides
`generation_functions`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from benchmarks.tournament_models import RandomChoiceEGAN, hashed, spread_above
from egan_tf import EGAN, OBJECTIVES, Evaluation
from egan_tf.evolution.bandit import energy_distance
from egan_tf.evolution.fitness import Fitness
from egan_tf.evolution.generation import Generation, Selected
from egan_tf.evolution.individual import Individual, single_parent
from egan_tf.evolution.mutation import objective_gradients
from egan_tf.evolution.objectives import Objective
from egan_tf.evolution.outcome import Outcome
from egan_tf.evolution.stacking import merge, stack, take
from egan_tf.evolution.stateless import NetworkState, apply_network, state_of
from egan_tf.evolution.variation import Children, Scores, VariationContext

MUTATIONS = ("minimax", "heuristic", "least_squares")


@dataclass(frozen=True)
class Method:
    """A way to train.

    Attributes:
        settings: of the evolution; the preset gives the others, and the paper how it chooses.
        model: the class to train.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    model: type[EGAN] = EGAN

    @property
    def updates(self) -> int:
        """Optimizer steps of generators in a generation: the number of children times the steps of each."""
        children = self.settings.get("population_size", 1) * len(self.settings.get("mutations", MUTATIONS))
        return int(children * self.settings.get("mutation_steps", 1))


# -- fitness functions -----------------------------------------------------------------------------------------------


def random_fitness(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """A number that differs from child to child and does not depend on how good the samples are."""
    del gamma
    return hashed(evaluation.fake[None])[0]


def sample_distance(evaluation: Evaluation, gamma: float) -> tf.Tensor:
    """The negative energy distance between the samples and the real batch."""
    del gamma
    return -energy_distance(evaluation.real, evaluation.fake)


def feature_distance(discriminator: keras.Model) -> Fitness:
    """The negative energy distance to the real batch in the discriminator's last hidden layer."""
    features = keras.Model(discriminator.inputs, discriminator.layers[-1].input)
    state = state_of(features)

    def fitness(evaluation: Evaluation, gamma: float) -> tf.Tensor:
        del gamma
        real, fake = (apply_network(features, state, samples)[0] for samples in (evaluation.real, evaluation.fake))
        return -energy_distance(real, fake)

    return fitness


class FeatureDistanceEGAN(EGAN):
    """E-GAN with `feature_distance`, which needs the discriminator."""

    def generation_functions(self) -> Generation:
        """Those of `EGAN`, with another fitness."""
        return dataclasses.replace(super().generation_functions(), fitness=feature_distance(self.discriminator))


# -- selection by standardised quality and diversity -----------------------------------------------------------------


class StandardizedGeneration(Generation):
    """F = Fq/s(Fq) + γ·Fd/s(Fd), s the standard deviation among the children: γ weighs spreads, not scales."""

    def select(self, parents: Individual, parent_scores: Scores, children: Children) -> Selected:
        """As `Generation.select`, by the standardised fitness."""
        scores = children.evaluations.scores
        quality, diversity = (
            values / (tf.math.reduce_std(values) + 1e-12) for values in (scores.quality, scores.diversity)
        )
        scores = scores._replace(fitness=quality + self.gamma * diversity)
        evaluations = children.evaluations._replace(scores=scores)
        return super().select(parents, parent_scores, children._replace(evaluations=evaluations))


class StandardizedEGAN(EGAN):
    """E-GAN with `StandardizedGeneration`."""

    def generation_functions(self) -> Generation:
        """Those of `EGAN`, with another selection."""
        return StandardizedGeneration(**vars(super().generation_functions()))


# -- when to hold tournaments ----------------------------------------------------------------------------------------

NEVER = "every:2147483647"
"""No tournament in any run."""


def starting_with(name: str) -> tuple[str, ...]:
    """The mutations, the given one first: lines grow by it until a tournament decides otherwise."""
    return (name, *(other for other in MUTATIONS if other != name))


# -- islands ---------------------------------------------------------------------------------------------------------


class IslandMutation:
    """A variation operator: each parent has one child, by the objective of its position in the population."""

    names = ("island",)

    def __init__(self, objectives: Sequence[Objective]) -> None:
        """Args: objectives: one for each position."""
        self._objectives = tuple(objectives)

    def count(self, population_size: int) -> int:
        """One child per parent."""
        return population_size

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        """The children, [objectives, ...]."""
        count = len(self._objectives)
        results = [
            objective_gradients(
                context.networks,
                take(parents.network, position),
                context.discriminator_state,
                context.noise(0),
                [objective],
                labels=context.labels,
            )
            for position, objective in enumerate(self._objectives)
        ]
        gradients = merge(stack([gradients for gradients, _ in results]))
        non_trainable = stack([after.non_trainable for _, after in results])
        weights, slots = context.optimizer.apply(gradients, parents.network.trainable, parents.slots)
        origin = single_parent(tf.range(count), tf.zeros([count], tf.int64))
        return Individual(NetworkState(weights, non_trainable), slots, origin)


@dataclass(frozen=True)
class IslandsGeneration(Generation):
    """Every child replaces its parent; in a generation of migration the fittest replaces all.

    Attributes:
        migrates: bool scalar, whether this is a generation of migration.
    """

    migrates: tf.Tensor

    def select(self, parents: Individual, parent_scores: Scores, children: Children) -> Selected:
        """The fittest child in all positions where the generation migrates, otherwise every child in its own."""
        del parents, parent_scores
        individuals, evaluations = children
        count = self.settings.population_size
        best = tf.argmax(evaluations.scores.fitness, output_type=tf.int32)
        chosen = tf.where(self.migrates, tf.fill([count], best), tf.range(count))
        survivors, survivors_evaluations = take((individuals, evaluations), chosen)
        return Selected(
            survivors,
            survivors_evaluations.scores,
            retained=tf.zeros([count], tf.bool),
            fake=survivors_evaluations.fake,
            updates=survivors_evaluations.update,
            viable=tf.constant(count),
            children_scores=evaluations.scores,
            children_origins=individuals.origin,
            outcome=Outcome(tf.constant(0.0), tf.constant(0.0), tf.zeros([count], tf.bool)),
            difference=tf.constant(0.0),
        )


def islands(interval: int, fitness: str | Fitness = "egan") -> Method:
    """One lineage per objective, with migration every `interval` generations."""

    class IslandsEGAN(EGAN):
        def generation_functions(self) -> Generation:
            functions = super().generation_functions()
            operators = (IslandMutation([OBJECTIVES[name] for name in MUTATIONS]),)
            migrates = tf.equal((tf.convert_to_tensor(self.generation.value) + 1) % interval, 0)
            return IslandsGeneration(**{**vars(functions), "operators": operators}, migrates=migrates)

    # One mutation, so that the model expects one child per parent; `IslandMutation` takes its place.
    settings = {"population_size": len(MUTATIONS), "mutations": ("minimax",), "fitness": fitness}
    return Method(settings, IslandsEGAN)


# -- all methods -----------------------------------------------------------------------------------------------------

TABLE: dict[str, Method] = {
    "egan": Method(),
    "random": Method({"fitness": random_fitness}),
    **{name: Method({"mutations": (name,)}) for name in MUTATIONS},
}

# With more mutation steps the discriminator takes more steps too, and the average decays equally per optimizer step.
STUDY: dict[str, Method] = {
    "quality": Method({"fitness": "quality"}),
    "diversity": Method({"fitness": "diversity"}),
    "distance_of_samples": Method({"fitness": sample_distance}),
    "distance_of_features": Method(model=FeatureDistanceEGAN),
    "scaled_gamma_1": Method({"gamma": 1.0}, StandardizedEGAN),
    "population_2": Method({"population_size": 2}),
    "population_4": Method({"population_size": 4}),
    **{
        f"steps_{steps}": Method({"mutation_steps": steps, "discriminator_steps": 5, "ema_decay": decay})
        for steps, decay in ((5, 0.995), (25, 0.975), (100, 0.9))
    },
    "islands_100": islands(100),
    "islands_100_random": islands(100, random_fitness),
    "islands_100_distance": islands(100, sample_distance),
}

TOURNAMENTS: dict[str, Method] = {
    "auto": Method({"tournaments": "auto"}),
    "auto_angle": Method({"tournaments": "auto:angle"}),
    **{
        f"auto_balanced_{errors:g}": Method({"tournaments": "auto", "fitness": "balanced"}, spread_above(errors))
        for errors in (0.5, 1.0, 4.0, 8.0)
    },
    "auto_angle_balanced": Method({"tournaments": "auto:angle", "fitness": "balanced"}),
    "every_10": Method({"tournaments": "every:10"}),
    "every_10_samples": Method({"tournaments": "every:10", "fitness": sample_distance}),
    "bandit": Method({"tournaments": "bandit"}),
    "auto_random": Method({"tournaments": "auto", "fitness": "logit"}, RandomChoiceEGAN),
    **{f"never_{name}": Method({"tournaments": NEVER, "mutations": starting_with(name)}) for name in MUTATIONS},
    "slots": Method({"slots": "objective"}),
    "auto_random_slots": Method({"tournaments": "auto", "fitness": "logit", "slots": "objective"}, RandomChoiceEGAN),
    "auto_logit_slots": Method({"tournaments": "auto", "fitness": "logit", "slots": "objective"}),
    "bandit_slots": Method({"tournaments": "bandit", "slots": "objective"}),
    "balanced": Method({"fitness": "balanced"}),
    "logit": Method({"fitness": "logit"}),
}

_RELATIVISTIC = {"mutations": ("relativistic",), "discriminator_loss": "relativistic"}

ROBUSTNESS: dict[str, Method] = {
    "egan": TABLE["egan"],
    **{name: TOURNAMENTS[name] for name in ("auto", "auto_random", "balanced")},
    **{f"never_{name}": TOURNAMENTS[f"never_{name}"] for name in MUTATIONS},
    "auto_balanced": Method({"tournaments": "auto", "fitness": "balanced"}),
    "auto_logit": Method({"tournaments": "auto", "fitness": "logit"}),
    "relativistic": Method({**_RELATIVISTIC, "tournaments": NEVER}),
    **{name: {**TABLE, **STUDY, **TOURNAMENTS}[name] for name in ("random", "quality", "logit")},
}
"""Of `benchmarks/robustness.py`."""

METHODS: dict[str, Method] = {**TABLE, **STUDY, **TOURNAMENTS, **ROBUSTNESS}
