"""What is compared on the toys: E-GAN, its objectives alone, controls, and ways to make evolution pay.

Every method is settings of the evolution, and a model with rules of its own where settings do not reach.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.fitness import Evaluation, Fitness
from egan_tf.evolution.generation import MUTATION, Generation, Judgement, Selected
from egan_tf.evolution.individuals import merge, stack, take
from egan_tf.evolution.objectives import MUTATIONS, Mutation
from egan_tf.evolution.stateless import Individual, NetworkState, apply_network, state_of
from egan_tf.evolution.variation import mutation_gradients

OBJECTIVES = ("minimax", "heuristic", "least_squares")


@dataclass(frozen=True)
class Method:
    """A way to train.

    Attributes:
        settings: of the evolution, beside the preset's.
        model: the model, for rules that no setting has.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    model: type[EGAN] = EGAN

    @property
    def updates(self) -> int:
        """Optimizer steps of generators in a generation: the children, times the steps that each takes."""
        children = self.settings.get("population_size", 1) * len(self.settings.get("mutations", OBJECTIVES))
        return int(children * self.settings.get("mutation_steps", 1))


def choosing(fitness: Callable[[EGAN], Fitness]) -> type[EGAN]:
    """A model whose children are scored by a function that the model itself is needed for."""

    class Choosing(EGAN):
        @property
        def rules(self) -> Generation:
            return dataclasses.replace(super().rules, fitness=fitness(self))

    return Choosing


# -- fitnesses -------------------------------------------------------------------------------------------------------


def chance(model: EGAN) -> Fitness:
    """A number that has nothing to do with how good the samples are, and differs from child to child."""
    del model
    return lambda evaluation, gamma: tf.math.floormod(1e4 * tf.reduce_sum(evaluation.fake), 1.0)


def distance_of_samples(model: EGAN) -> Fitness:
    """The negative energy distance to the real batch, of the samples themselves."""
    del model

    def fitness(evaluation: Evaluation, gamma: float) -> tf.Tensor:
        del gamma
        return -energy_distance(evaluation.real, evaluation.fake)

    return fitness


def distance_of_features(model: EGAN) -> Fitness:
    """The negative energy distance to the real batch, of the discriminator's last hidden layer."""
    judge = model.discriminator
    features = keras.Model(judge.inputs, judge.layers[-1].input)
    state = state_of(features)

    def fitness(evaluation: Evaluation, gamma: float) -> tf.Tensor:
        del gamma
        real, fake = (apply_network(features, state, samples)[0] for samples in (evaluation.real, evaluation.fake))
        return -energy_distance(real, fake)

    return fitness


def energy_distance(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """2·E‖x − y‖ − E‖y − y'‖, less what depends on the real samples alone (Székely and Rizzo 2013, equation 5)."""
    return 2.0 * tf.reduce_mean(_distances(real, fake)) - tf.reduce_mean(_distances(fake, fake))


def _distances(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    squares = tf.reduce_sum(one**2, axis=1)[:, None] + tf.reduce_sum(other**2, axis=1)[None]
    return tf.sqrt(tf.maximum(squares - 2.0 * tf.matmul(one, other, transpose_b=True), 0.0))


# -- rules -----------------------------------------------------------------------------------------------------------


class Scaled(Generation):
    """F = Fq/s(Fq) + γ·Fd/s(Fd), s the standard deviation among the children: γ weighs spreads, not scales."""

    def select(self, parents: Individual, children: Individual, judgement: Judgement) -> Selected:
        """As `Generation.select`, by the scaled fitness."""
        quality, diversity = (
            values / (tf.math.reduce_std(values) + 1e-12)
            for values in (judgement.scores.quality, judgement.scores.diversity)
        )
        scores = judgement.scores._replace(fitness=quality + self.settings.gamma * diversity)
        return super().select(parents, children, judgement._replace(scores=scores))


class ScaledEGAN(EGAN):
    """E-GAN with `Scaled` rules."""

    @property
    def rules(self) -> Generation:
        """`Scaled`, with all else as it was."""
        return Scaled(**vars(super().rules))


@dataclass(frozen=True)
class Islands(Generation):
    """Each lineage goes on with an objective of its own; now and then the fittest replaces all.

    The population is as large as there are objectives, and a parent has one child, by its own.

    Attributes:
        objectives: one for each lineage.
        meeting: bool scalar, whether this generation selects.
    """

    objectives: tuple[Mutation, ...]
    meeting: tf.Tensor

    def vary(self, step: tf.Tensor, parents: Individual, judge: NetworkState, labels: tf.Tensor | None) -> Individual:
        """One child of every parent."""
        noise = self.noise(step, self.batch_size, MUTATION)
        parts = [
            mutation_gradients(self.networks, take(parents.network, rank), judge, noise, [objective], labels)
            for rank, objective in enumerate(self.objectives)
        ]
        gradients, frozen = merge(stack([gradients for gradients, _ in parts])), stack([state for _, state in parts])
        weights, slots = self.optimizer.apply(gradients, parents.network.trainable, parents.slots)
        return Individual(NetworkState(weights, frozen), slots)

    def select(self, parents: Individual, children: Individual, judgement: Judgement) -> Selected:
        """The fittest child for all places at a meeting, otherwise every child in its own."""
        count = len(self.objectives)
        best = tf.argmax(judgement.scores.fitness, output_type=tf.int32)
        chosen = tf.where(self.meeting, tf.fill([count], best), tf.range(count))
        fake, lessons = take((judgement.fake, judgement.lesson), chosen)
        stayed = tf.fill([count], -1)
        return Selected(take(children, chosen), chosen, stayed, tf.constant(count), judgement.scores, fake, lessons)


def islands(interval: int, fitness: Callable[[EGAN], Fitness] | None = None) -> Method:
    """Lineages that meet every `interval` generations."""

    class IslandsEGAN(EGAN):
        @property
        def rules(self) -> Generation:
            rules = super().rules
            if fitness is not None:
                rules = dataclasses.replace(rules, fitness=fitness(self))
            meeting = tf.equal((tf.convert_to_tensor(self.generation.value) + 1) % interval, 0)
            return Islands(**vars(rules), objectives=tuple(MUTATIONS[name] for name in OBJECTIVES), meeting=meeting)

    return Method({"population_size": len(OBJECTIVES), "mutations": ("minimax",)}, IslandsEGAN)


# -- all of them -----------------------------------------------------------------------------------------------------

TABLE: dict[str, Method] = {
    "egan": Method(),
    "random": Method(model=choosing(chance)),
    **{name: Method({"mutations": (name,)}) for name in OBJECTIVES},
}

# Where children take many steps, the discriminator takes some too, and the average forgets as fast step by step.
STUDY: dict[str, Method] = {
    "quality": Method({"fitness": "quality"}),
    "diversity": Method({"fitness": "diversity"}),
    "distance_of_samples": Method(model=choosing(distance_of_samples)),
    "distance_of_features": Method(model=choosing(distance_of_features)),
    "scaled_gamma_1": Method({"gamma": 1.0}, ScaledEGAN),
    "population_2": Method({"population_size": 2}),
    "population_4": Method({"population_size": 4}),
    **{
        f"steps_{steps}": Method({"mutation_steps": steps, "discriminator_steps": 5, "ema_decay": average})
        for steps, average in ((5, 0.995), (25, 0.975), (100, 0.9))
    },
    "islands_100": islands(100),
    "islands_100_random": islands(100, chance),
    "islands_100_distance": islands(100, distance_of_samples),
}

METHODS: dict[str, Method] = {**TABLE, **STUDY}
