"""Variation: operators that make children of the population.

The objectives' mutations (`mutation.py`) are the first kind. An operator is a class as `Operator` describes; instances
go to `EGAN(operators=...)`, and names in `operators.OPERATORS` stand for those that the settings describe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import keras
import tensorflow as tf

from egan_tf.evolution.individual import Individual
from egan_tf.evolution.map_functions import MapFn
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.stateless import NetworkState, Tensors


class Networks(NamedTuple):
    """The architectures; weights are passed as states."""

    generator: keras.Model
    discriminator: keras.Model


class Scores(NamedTuple):
    """Fq, Fd and F, each float32 [n]."""

    quality: tf.Tensor
    diversity: tf.Tensor
    fitness: tf.Tensor


class DiscriminatorUpdate(NamedTuple):
    """A step of the discriminator, not taken yet.

    Attributes:
        gradient: of its loss, penalties included, one tensor for each trainable weight.
        non_trainable: its other state after the batch.
        loss: float32 scalar, penalties excluded.
    """

    gradient: Tensors
    non_trainable: Tensors
    loss: tf.Tensor


class ChildEvaluation(NamedTuple):
    """Scores and samples of a child, and the discriminator's update on those samples."""

    scores: Scores
    fake: tf.Tensor
    update: DiscriminatorUpdate


class Children(NamedTuple):
    """Children with their evaluations, [n, ...]."""

    individuals: Individual
    evaluations: ChildEvaluation


class VariationContext(NamedTuple):
    """What an operator works with.

    Attributes:
        networks: the architectures.
        optimizer: moves any number of generators by one step.
        discriminator_state: the discriminator's state; operators do not change it.
        noise: from the number of an optimizer step (0 for the first) to float32 [batch, latent], the same for all.
        real: [batch, ...], real samples of this generation.
        labels: [batch], of the noise and of the real samples, for conditional networks; else None.
        steps: optimizer steps of a mutation.
        map_fn: maps a function over stacked individuals.
        siblings: the children of earlier operators in this generation, with their evaluations; None for the first.
    """

    networks: Networks
    optimizer: StatelessOptimizer
    discriminator_state: NetworkState
    noise: Callable[[int | tf.Tensor], tf.Tensor]
    real: tf.Tensor
    labels: tf.Tensor | None
    steps: int
    map_fn: MapFn
    siblings: Children | None


@runtime_checkable
class Operator(Protocol):
    """A variation operator, such as mutation or crossover.

    Attributes:
        names: a name for each kind of child that it makes. `Origin.operator` of a child is a position in this list;
            the generation adds the names of earlier operators in front.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each kind of child."""
        ...

    def count(self, population_size: int) -> int:
        """How many children it makes of a population of this size."""
        ...

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        """Makes children.

        Args:
            context: what there is to work with.
            parents: the population, [μ, ...]; it is not changed.

        Returns:
            [count, ...], each with its origin.
        """
        ...


def is_operator(candidate: Any) -> bool:
    """Whether an object has what `Operator` asks for."""
    return isinstance(candidate, Operator) and not isinstance(candidate, type)
