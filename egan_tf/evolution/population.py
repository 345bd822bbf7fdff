"""The population: μ individuals, each quantity of theirs stacked on a leading axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.generation import Scores, Selected
from egan_tf.evolution.individuals import take
from egan_tf.evolution.stateless import Individual, NetworkState, Tensors, read
from egan_tf.utils.checks import InputError


class Lineage(NamedTuple):
    """Where an individual comes from.

    Attributes:
        founder: int64 [μ], the position in the first population that its line began at.
        parent: int64 [μ], the position of its parent in the generation before; of itself, if it stayed.
        mutation: int64 [μ], the position of the mutation that made it; −1 for a founder.
        ancestry: int64 [μ, mutations], how often each mutation stands in its line.
    """

    founder: tf.Tensor
    parent: tf.Tensor
    mutation: tf.Tensor
    ancestry: tf.Tensor


class Faults(NamedTuple):
    """What went wrong so far, each an int64 scalar.

    Attributes:
        rejected_children: children that were not finite in their weights, their slots or their fitness.
        stagnant_generations: generations without a viable child, in which all parents stayed.
        stagnant_in_a_row: how many of these there were just now, one after the other.
        skipped_discriminator_steps: steps of the discriminator that were not taken, as they were not finite.
    """

    rejected_children: tf.Tensor
    stagnant_generations: tf.Tensor
    stagnant_in_a_row: tf.Tensor
    skipped_discriminator_steps: tf.Tensor


class Stacked(keras.layers.Layer):
    """Variables that hold given arrays, and are saved and restored with the model that owns them."""

    def __init__(self, values: Sequence[np.ndarray], name: str) -> None:
        super().__init__(name=name, trainable=False)
        self.members = [self._variable(np.asarray(value), f"{name}_{i}") for i, value in enumerate(values)]
        self.built = True

    def _variable(self, value: np.ndarray, name: str) -> keras.Variable:
        def initial(shape: Sequence[int], dtype: Any = None) -> tf.Tensor:
            del shape, dtype
            return tf.constant(value)

        return self.add_weight(
            name=name, shape=value.shape, dtype=str(value.dtype), initializer=initial, trainable=False, autocast=False
        )

    def read(self) -> Tensors:
        """The present values."""
        return read(self.members)

    def assign(self, values: Sequence[tf.Tensor]) -> None:
        """Replaces all values."""
        for variable, value in zip(self.members, values, strict=True):
            variable.assign(value)


class Population(keras.layers.Layer):
    """The parents of the next generation, the fittest first, and how they and their siblings scored."""

    def __init__(self, founders: Sequence[keras.Model], mutations: int, averaged: bool) -> None:
        """Takes the founders' present weights.

        Args:
            founders: μ generators of one architecture.
            mutations: how many mutations there are.
            averaged: whether each lineage keeps a moving average of its weights.
        """
        super().__init__(name="population", trainable=False)
        size = len(founders)
        weights = _stacked_values([founder.trainable_variables for founder in founders])
        self.weights_stack = Stacked(weights, "weights")
        self.frozen_stack = Stacked(_stacked_values([f.non_trainable_variables for f in founders]), "frozen")
        self.average_stack = Stacked(weights if averaged else [], "average")
        start = np.arange(size, dtype="int64")
        origin = Lineage(start, start, np.full(size, -1, "int64"), np.zeros([size, mutations], "int64"))
        self.lineage_stack = Stacked(origin, "lineage")
        unscored = np.full(size, np.nan, "float32")
        self.scores_stack = Stacked([unscored] * 3, "scores")
        self.children_scores_stack = Stacked([np.full(size * mutations, np.nan, "float32")] * 3, "children_scores")
        self.wins_stack = Stacked([np.zeros(mutations, "int64")], "wins")
        self.faults_stack = Stacked([np.zeros([], "int64")] * len(Faults._fields), "faults")
        self.slots_stack = Stacked([], "slots")
        self.size = size
        self.built = True

    def create_slots(self, initial: Tensors) -> None:
        """Gives each individual fresh optimizer slots, in place of any that it had."""
        # Keras would go on saving a layer that was merely replaced.
        self._tracker.untrack(self.slots_stack)
        self.slots_stack = Stacked([np.stack([np.asarray(slot)] * self.size) for slot in initial], "slots")

    @property
    def individuals(self) -> Individual:
        """The population's present state, stacked."""
        network = NetworkState(self.weights_stack.read(), self.frozen_stack.read())
        return Individual(network, self.slots_stack.read())

    @property
    def averages(self) -> Tensors:
        """The moving averages of the trainable weights, stacked; empty where none are kept."""
        return self.average_stack.read()

    @property
    def lineage(self) -> Lineage:
        """Where the individuals come from."""
        return Lineage(*self.lineage_stack.read())

    @property
    def scores(self) -> Scores:
        """How the individuals scored when they were selected, [μ]; NaN for founders."""
        return Scores(*self.scores_stack.read())

    @property
    def children_scores(self) -> Scores:
        """How all children of the last generation scored, [μ·M], child i·M + m being parent i's mutation m."""
        return Scores(*self.children_scores_stack.read())

    @property
    def wins(self) -> tf.Tensor:
        """int64 [M], how many survivors each mutation has made since the first generation."""
        return self.wins_stack.read()[0]

    @property
    def faults(self) -> Faults:
        """What went wrong so far."""
        return Faults(*self.faults_stack.read())

    def succeed(self, selected: Selected, step: tf.Tensor, decay: float) -> None:
        """Makes the survivors of a generation the population, with their lineage and their moving averages.

        Args:
            selected: the survivors and what is known of them.
            step: int64 scalar, the number of the generation.
            decay: of the moving averages.
        """
        mutations = self.wins.shape[0]
        chosen, place = tf.cast(selected.chosen, tf.int64), tf.cast(selected.stayed, tf.int64)
        stayed = place >= 0
        before, survivors = self.lineage, selected.survivors
        parent = tf.where(stayed, place, chosen // mutations)
        mutation = tf.where(stayed, tf.gather(before.mutation, parent), chosen % mutations)
        made = tf.one_hot(tf.where(stayed, tf.constant(-1, tf.int64), mutation), mutations, dtype=tf.int64)
        ancestry = tf.gather(before.ancestry, parent) + made
        averages = _averaged(take(self.averages, parent), survivors.network.trainable, step, decay)
        scores = tf.nest.map_structure(
            lambda old, new: tf.where(stayed, tf.gather(old, parent), tf.gather(new, chosen)),
            self.scores,
            selected.scores,
        )
        self.weights_stack.assign(survivors.network.trainable)
        self.frozen_stack.assign(survivors.network.frozen)
        self.slots_stack.assign(survivors.slots)
        self.average_stack.assign(averages)
        self.lineage_stack.assign(Lineage(tf.gather(before.founder, parent), parent, mutation, ancestry))
        self.scores_stack.assign(scores)
        self.children_scores_stack.assign(selected.scores)
        self.wins_stack.assign([self.wins + tf.reduce_sum(made, axis=0)])
        self._count_faults(tf.cast(selected.viable, tf.int64))

    def _count_faults(self, viable: tf.Tensor) -> None:
        faults, children = self.faults, self.size * self.wins.shape[0]
        stagnant = tf.cast(viable == 0, tf.int64)
        self.faults_stack.assign(
            faults._replace(
                rejected_children=faults.rejected_children + children - viable,
                stagnant_generations=faults.stagnant_generations + stagnant,
                stagnant_in_a_row=(faults.stagnant_in_a_row + 1) * stagnant,
            )
        )

    def count_skipped_step(self) -> None:
        """Notes that the discriminator did not take a step."""
        faults = self.faults
        self.faults_stack.assign(faults._replace(skipped_discriminator_steps=faults.skipped_discriminator_steps + 1))


def _averaged(averages: Tensors, weights: Tensors, step: tf.Tensor, decay: float) -> Tensors:
    """The moving averages after a generation, with a warm-up in which the early weights fade fast."""
    if not averages:
        return ()
    taken = tf.cast(step, tf.float32)
    fades = 1.0 - tf.minimum(decay, (1.0 + taken) / (10.0 + taken))
    return tuple(
        average + tf.cast(fades, average.dtype) * (weight - average)
        for average, weight in zip(averages, weights, strict=True)
    )


def founders_of(generator: keras.Model, count: int) -> list[keras.Model]:
    """The generator itself, and `count − 1` others of its architecture with weights of their own.

    Raises:
        InputError: if the others came out equal to it, for equal individuals would stay equal for ever.
    """
    others = [keras.models.clone_model(generator) for _ in range(count - 1)]
    founders = [generator, *others]
    for other in others:
        if not other.built:
            other.build(generator.input_shape)
    for i, other in enumerate(others):
        if any(_same_weights(other, earlier) for earlier in founders[: i + 1]):
            raise InputError(
                "population_size",
                "the generator's initializers have fixed seeds, so that all individuals would start, and stay, "
                "equal; leave the seeds to keras.utils.set_random_seed",
            )
    return founders


def _same_weights(one: keras.Model, other: keras.Model) -> bool:
    pairs = zip(one.trainable_variables, other.trainable_variables, strict=True)
    return all(np.array_equal(a.numpy(), b.numpy()) for a, b in pairs)


def _stacked_values(members: Sequence[Sequence[keras.Variable]]) -> list[np.ndarray]:
    return [np.stack([variable.numpy() for variable in same]) for same in zip(*members, strict=True)]
