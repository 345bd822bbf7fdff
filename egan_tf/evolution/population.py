"""The population: variables that hold μ individuals, stacked on a leading axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.bandit import Bandit
from egan_tf.evolution.copies import Values
from egan_tf.evolution.generation import Selected
from egan_tf.evolution.individual import NONE, Individual, Origin
from egan_tf.evolution.lineage import Lineage, descend, initial_lineage, made_by
from egan_tf.evolution.schedule import Schedule
from egan_tf.evolution.stacking import take
from egan_tf.evolution.stateless import NetworkState, Tensors, read, write
from egan_tf.evolution.variation import Scores


class FailureCounters(NamedTuple):
    """Counts of failures since the start, each an int64 scalar.

    Attributes:
        rejected_children: children that were not finite in their weights, their slots or their fitness.
        stagnant_generations: generations without a viable child, in which all parents were retained.
        stagnant_in_a_row: how many of the latest generations in a row were stagnant.
        skipped_discriminator_steps: discriminator steps that were skipped because they were not finite.
    """

    rejected_children: tf.Tensor
    stagnant_generations: tf.Tensor
    stagnant_in_a_row: tf.Tensor
    skipped_discriminator_steps: tf.Tensor


class TournamentCounters(NamedTuple):
    """Counts of tournaments since the start, each an int64 scalar.

    Attributes:
        tournaments: generations in which all children were made and scored.
        decided_tournaments: those in which the fittest child won by more than rounding; see `outcome`.
    """

    tournaments: tf.Tensor
    decided_tournaments: tf.Tensor


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
        """The current values."""
        return read(self.members)

    def assign(self, values: Sequence[tf.Tensor]) -> None:
        """Replaces all values."""
        write(self.members, values)


class Population(keras.layers.Layer):
    """The parents of the next generation, the fittest first, with their scores and those of all their siblings."""

    def __init__(
        self,
        members: Sequence[Values],
        children: int,
        operators: int,
        averaged: bool,
        schedule: Sequence[np.ndarray] = (),
        bandit: Sequence[np.ndarray] = (),
    ) -> None:
        """Creates the initial population.

        Args:
            members: the trainable and the other values of μ generators of one architecture.
            children: how many children a generation makes.
            operators: how many kinds of children there are.
            averaged: whether each lineage keeps a moving average of its weights.
            schedule: the values of `Schedule`; empty if every generation is a tournament, or none is.
            bandit: the values of `Bandit`; empty without one.
        """
        super().__init__(name="population", trainable=False)
        size = len(members)
        weights = _stacked_values([trainable for trainable, _ in members])
        self.weights_stack = Stacked(weights, "weights")
        self.non_trainable_stack = Stacked(_stacked_values([others for _, others in members]), "other")
        self.average_stack = Stacked([_wide(value) for value in weights] if averaged else [], "average")
        self.lineage_stack = Stacked(initial_lineage(size, operators), "lineage")
        self.scores_stack = Stacked([np.full(size, np.nan, "float32")] * len(Scores._fields), "scores")
        self.children_scores_stack = Stacked(
            [np.full(children, np.nan, "float32")] * len(Scores._fields), "children_scores"
        )
        no_origin = [np.full([children, 2], NONE, "int64"), np.full(children, NONE, "int64")]
        self.children_origins_stack = Stacked(no_origin, "children_origins")
        self.selection_counts_stack = Stacked([np.zeros(operators, "int64")], "selection_counts")
        self.tournaments_stack = Stacked([np.zeros([], "int64")] * len(TournamentCounters._fields), "tournaments")
        self.decided_counts_stack = Stacked([np.zeros(operators, "int64")], "decided_counts")
        self.quality_error_stack = Stacked([np.full([], np.nan, "float32")], "quality_error")
        self.schedule_stack = Stacked(schedule, "schedule")
        self.bandit_stack = Stacked(bandit, "bandit")
        self.failures_stack = Stacked([np.zeros([], "int64")] * len(FailureCounters._fields), "failures")
        self.slots_stack = Stacked([], "slots")
        self.size = size
        self.built = True

    def create_slots(self, initial: Sequence[np.ndarray]) -> None:
        """Gives the individuals fresh optimizer slots, [μ, ...]; earlier slots are replaced."""
        # Keras would continue to save a layer that was only replaced.
        self._tracker.untrack(self.slots_stack)
        self.slots_stack = Stacked(initial, "slots")

    @property
    def individuals(self) -> Individual:
        """The current individuals, [μ, ...]."""
        network = NetworkState(self.weights_stack.read(), self.non_trainable_stack.read())
        return Individual(network, self.slots_stack.read(), self.lineage.origin)

    @property
    def sampling_state(self) -> NetworkState:
        """The states to sample with, [μ, ...]: with moving averages of the weights if they are kept."""
        weights = self.weights_stack.read()
        averages = self.averages or weights
        sampled = tuple(tf.cast(average, weight.dtype) for average, weight in zip(averages, weights, strict=True))
        return NetworkState(sampled, self.non_trainable_stack.read())

    @property
    def averages(self) -> Tensors:
        """The moving averages of the trainable weights, [μ, ...], at least in float32; empty if none are kept."""
        return self.average_stack.read()

    @property
    def lineage(self) -> Lineage:
        """The descent of the individuals."""
        return Lineage(*self.lineage_stack.read())

    @property
    def scores(self) -> Scores:
        """The individuals' scores when they were selected, [μ]; NaN in the initial population."""
        return Scores(*self.scores_stack.read())

    @property
    def children_scores(self) -> Scores:
        """The scores of all children of the last generation, [children]; NaN before the first."""
        return Scores(*self.children_scores_stack.read())

    @property
    def children_origins(self) -> Origin:
        """The origins of all children of the last generation, [children]."""
        return Origin(*self.children_origins_stack.read())

    @property
    def selection_counts(self) -> tf.Tensor:
        """int64 [operators], how many survivors each operator has made since the start."""
        return self.selection_counts_stack.read()[0]

    @property
    def decided_counts(self) -> tf.Tensor:
        """int64 [operators], each operator's survivors that have beaten all their siblings by more than rounding."""
        return self.decided_counts_stack.read()[0]

    @property
    def tournaments(self) -> TournamentCounters:
        """Counts of tournaments since the start."""
        return TournamentCounters(*self.tournaments_stack.read())

    @property
    def quality_error(self) -> tf.Tensor:
        """float32 scalar, the standard error of the quality in the last tournament; NaN before the first."""
        return self.quality_error_stack.read()[0]

    @property
    def schedule(self) -> Schedule:
        """Whether the next generation holds a tournament, where not every one does."""
        return Schedule(*self.schedule_stack.read())

    @property
    def bandit(self) -> Bandit:
        """What the bandit knows of the objectives, where one chooses them."""
        return Bandit(*self.bandit_stack.read())

    @property
    def failures(self) -> FailureCounters:
        """Counts of failures since the start."""
        return FailureCounters(*self.failures_stack.read())

    def replace(self, selected: Selected, step: tf.Tensor, decay: float | tf.Tensor) -> None:
        """Replaces the population by the survivors of a generation, and updates lineage, averages and counters.

        Args:
            selected: the survivors.
            step: int64 scalar, the number of the generation.
            decay: of the moving averages, per generation.
        """
        averages = take(self.averages, selected.survivors.origin.parents[:, 0])
        self._replace_individuals(selected.survivors, selected.retained, averages, step, decay)
        self.scores_stack.assign(selected.scores)
        self.children_scores_stack.assign(selected.children_scores)
        self.children_origins_stack.assign(selected.children_origins)
        outcome, counts = selected.outcome, self.tournaments
        before = self.decided_counts
        made = made_by(selected.survivors.origin, outcome.decided, before.shape[0])
        self.decided_counts_stack.assign([before + made])
        decided = tf.cast(outcome.decided[0], tf.int64)
        self.tournaments_stack.assign([counts.tournaments + 1, counts.decided_tournaments + decided])
        self.quality_error_stack.assign([outcome.error])
        self._count_failures(tf.cast(selected.viable, tf.int64), selected.children_scores.fitness.shape[0])

    def continue_lines(
        self, survivors: Individual, retained: tf.Tensor, step: tf.Tensor, decay: float | tf.Tensor
    ) -> None:
        """Replaces every individual by its only child, which has no scores; those of the last tournament stay.

        Args:
            survivors: [μ, ...], in the places of their parents.
            retained: bool [μ], True for a retained parent.
            step: int64 scalar, the number of the generation.
            decay: of the moving averages, per generation.
        """
        self._replace_individuals(survivors, retained, self.averages, step, decay)
        self._count_failures(tf.reduce_sum(tf.cast(~retained, tf.int64)), self.size)

    def _replace_individuals(
        self,
        survivors: Individual,
        retained: tf.Tensor,
        averages: Tensors,
        step: tf.Tensor,
        decay: float | tf.Tensor,
    ) -> None:
        """Replaces all but the scores, with the averages of their parents, and counts each operator's survivors."""
        lineage, made = descend(self.lineage, survivors.origin, retained)
        averages = _averaged(averages, survivors.network.trainable, step, decay)
        self.weights_stack.assign(survivors.network.trainable)
        self.non_trainable_stack.assign(survivors.network.non_trainable)
        self.slots_stack.assign(survivors.slots)
        self.average_stack.assign(averages)
        self.lineage_stack.assign(lineage)
        self.selection_counts_stack.assign([self.selection_counts + made])

    def _count_failures(self, viable: tf.Tensor, children: int) -> None:
        counters = self.failures
        stagnant = tf.cast(viable == 0, tf.int64)
        self.failures_stack.assign(
            counters._replace(
                rejected_children=counters.rejected_children + children - viable,
                stagnant_generations=counters.stagnant_generations + stagnant,
                stagnant_in_a_row=(counters.stagnant_in_a_row + 1) * stagnant,
            )
        )

    def count_skipped_step(self) -> None:
        """Counts a discriminator step that was skipped."""
        counters = self.failures
        skipped = counters.skipped_discriminator_steps + 1
        self.failures_stack.assign(counters._replace(skipped_discriminator_steps=skipped))


def _averaged(averages: Tensors, weights: Tensors, step: tf.Tensor, decay: float) -> Tensors:
    """The moving averages after a generation, with decay min(decay, (1 + step) / (10 + step)) as a warm-up."""
    if not averages:
        return ()
    generations = tf.cast(step, tf.float32)
    rate = 1.0 - tf.minimum(decay, (1.0 + generations) / (10.0 + generations))
    return tuple(
        average + tf.cast(rate, average.dtype) * (tf.cast(weight, average.dtype) - average)
        for average, weight in zip(averages, weights, strict=True)
    )


def _wide(value: np.ndarray) -> np.ndarray:
    """In float32 instead of half precision, in which an average that moves by a thousandth would stand still."""
    return value if value.dtype.itemsize >= np.dtype("float32").itemsize else value.astype("float32")


def _stacked_values(members: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    return [np.stack(same) for same in zip(*members, strict=True)]
