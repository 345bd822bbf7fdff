"""Variation: operators that make children of the population.

An operator implements `Operator`; the mutation by objectives (`mutation.py`) is one. `EGAN(operators=...)` takes
instances, and the names in `operators.OPERATORS` of operators that are built from the settings.
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
    """A discriminator step that has been computed, but not applied.

    Attributes:
        gradient: of its loss, with penalties and the losses of its layers, one tensor for each trainable weight.
        non_trainable: its non-trainable state after the batch.
        loss: float32 scalar, without penalties and the losses of its layers.
        weights: its trainable weights after the batch, if its layers assigned to them; else ().
        mean_logits: float32 [2], of real and generated samples, where LeCam regularization needs them; else ().
    """

    gradient: Tensors
    non_trainable: Tensors
    loss: tf.Tensor
    weights: Tensors = ()
    mean_logits: tf.Tensor | tuple[()] = ()


class ChildEvaluation(NamedTuple):
    """Scores and samples of a child, and the discriminator's update on those samples.

    Attributes:
        scores: its fitness.
        fake: its samples.
        update: of the discriminator.
        finite: bool scalar, whether the weights and slots of a child that is only a gradient are finite.
        weights: its trainable weights after it made the samples, if its layers assigned to them; else ().
        error: float32 scalar, the sampling error of its quality; see `fitness.sampling_error`.
        difference: float32 scalar, of the objectives' cotangents at its logits, where a rule of `tournaments` asks for
            it; else ().
    """

    scores: Scores
    fake: tf.Tensor
    update: DiscriminatorUpdate
    finite: tf.Tensor
    weights: Tensors = ()
    error: tf.Tensor | tuple[()] = ()
    difference: tf.Tensor | tuple[()] = ()


class Children(NamedTuple):
    """Children with their evaluations, [n, ...]."""

    individuals: Individual
    evaluations: ChildEvaluation


class VariationContext(NamedTuple):
    """The inputs of a variation operator.

    Attributes:
        networks: the architectures.
        optimizer: applies one step to any number of generators.
        discriminator_state: the discriminator's state; operators do not change it.
        noise: maps the number of an optimizer step (from 0) to float32 [batch, latent], the same for all individuals.
        real: [batch, ...], real samples of this generation.
        labels: [batch], for the noise and for the real samples, if the networks are conditional; else None.
        steps: optimizer steps per mutation.
        map_fn: maps a function over stacked individuals.
        siblings: the children of earlier operators in this generation, with their evaluations; None for the first.
        may_defer: whether children may be returned as gradients, see `Individual.gradient`.
        augment_fake: maps the number of an optimizer step to the augmentation of generated samples in it; see
            `augmentation`.
        augment_real: the augmentation of `real`.
        slots_per_objective: whether parents have slots for each objective, [μ, objectives, ...]. Children have those
            that they continue with, [n, ...].
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
    may_defer: bool = False
    augment_fake: Callable[[int | tf.Tensor], Callable[[tf.Tensor], tf.Tensor]] = lambda number: tf.identity
    augment_real: Callable[[tf.Tensor], tf.Tensor] = tf.identity
    slots_per_objective: bool = False


@runtime_checkable
class Operator(Protocol):
    """A variation operator, such as mutation or crossover.

    Attributes:
        names: a name for each kind of child. The operator sets `Origin.operator` of a child to its position in these
            names; the generation adds the number of names of earlier operators.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each kind of child."""
        ...

    def count(self, population_size: int) -> int:
        """The number of children that it makes from a population of this size."""
        ...

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        """Makes children.

        Args:
            context: networks, optimizer, noise and real samples.
            parents: the population, [μ, ...]; it is not changed.

        Returns:
            The children, [count, ...], each with its origin.
        """
        ...


def is_operator(candidate: Any) -> bool:
    """Whether an object implements `Operator`; False for a class."""
    return isinstance(candidate, Operator) and not isinstance(candidate, type)
