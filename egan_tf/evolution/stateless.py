"""Keras networks and optimizers as functions of their state, so that a population can share one of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.individuals import one_by_one

Tensors = tuple[tf.Tensor, ...]


class NetworkState(NamedTuple):
    """The values of a network's variables.

    Attributes:
        trainable: the trainable weights, in Keras' order.
        frozen: everything else that the network keeps, such as BatchNorm's statistics and the state of its random
            layers, in Keras' order.
    """

    trainable: Tensors
    frozen: Tensors


class Individual(NamedTuple):
    """One generator as evolution sees it; or several, each tensor stacked on a leading axis.

    Attributes:
        network: the generator's weights and other state.
        slots: its optimizer's state.
    """

    network: NetworkState
    slots: Tensors


def read(variables: Sequence[keras.Variable]) -> Tensors:
    """The present values, as tensors that later assignments leave alone."""
    return tuple(tf.identity(tf.convert_to_tensor(variable.value)) for variable in variables)


def write(variables: Sequence[keras.Variable], values: Sequence[tf.Tensor]) -> None:
    """Assigns `values` to `variables`, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def state_of(network: keras.Model) -> NetworkState:
    """The present state of a built network."""
    return NetworkState(read(network.trainable_variables), read(network.non_trainable_variables))


def gradients_of(
    tape: tf.GradientTape, target: tf.Tensor, sources: Tensors, output_gradients: tf.Tensor | None = None
) -> Tensors:
    """The gradients of `target`, dense, and zero for a source that it does not depend on."""
    gradients = tape.gradient(
        target, sources, output_gradients=output_gradients, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return tuple(tf.convert_to_tensor(gradient) for gradient in gradients)


def apply_network(
    network: keras.Model,
    state: NetworkState,
    inputs: tf.Tensor,
    labels: tf.Tensor | None = None,
    training: bool = True,
) -> tuple[tf.Tensor, Tensors]:
    """Runs a network with the given state, and changes none of its variables.

    Args:
        network: a built Keras model of one input, or of two where labels are given.
        state: the values that stand in for its variables.
        inputs: [batch, ...].
        labels: [batch] or None.
        training: whether BatchNorm uses the batch's statistics, and random layers are on.

    Returns:
        The output, and `state.frozen` as this call would leave it.
    """
    arguments = inputs if labels is None else [inputs, labels]
    outputs, frozen = network.stateless_call(list(state.trainable), list(state.frozen), arguments, training=training)
    return outputs, tuple(tf.convert_to_tensor(value) for value in frozen)


# Optimizers that move each number by itself, so that stacked individuals move as they would alone.
_ELEMENTWISE = (
    keras.optimizers.SGD,
    keras.optimizers.RMSprop,
    keras.optimizers.Adam,
    keras.optimizers.AdamW,
    keras.optimizers.Adadelta,
    keras.optimizers.Adagrad,
    keras.optimizers.Adamax,
    keras.optimizers.Nadam,
    keras.optimizers.Ftrl,
    keras.optimizers.Lion,
)


def moves_elementwise(optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> bool:
    """Whether the optimizer's step of a number depends on no other number; unknown classes are taken not to."""
    options = ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps")
    plain = not any(getattr(optimizer, option) for option in options)
    return type(optimizer) in _ELEMENTWISE and plain and not any(weight.constraint for weight in weights)


class StatelessOptimizer:
    """A Keras optimizer as a function of weights, slots and gradients, for several individuals at once.

    Keras offers `stateless_apply` on other backends only. Here variables serve as a workbench: individuals are laid
    on it, moved one step and read off again, in the order that `tf.function` keeps; XLA turns the detour into plain
    dataflow. An optimizer that moves each number by itself moves all individuals in one step, stacked; any other
    moves one after the other.
    """

    def __init__(
        self, optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable], individuals: int
    ) -> None:
        """Builds the workbench.

        Args:
            optimizer: any Keras optimizer, not built yet.
            weights: the trainable variables of one individual.
            individuals: how many move at a time.
        """
        self.optimizer = optimizer
        self.stacked = individuals > 1 and moves_elementwise(optimizer, weights)
        self._individuals = individuals
        self._weights = [_workbench(v, individuals if self.stacked else 0) for v in weights]
        optimizer.build(self._weights)
        # The learning rate belongs to the run, not to an individual: callbacks set it while training goes on.
        self._slots = [variable for variable in optimizer.variables if variable.name != "learning_rate"]

    def initial_slots(self) -> Tensors:
        """The slots of one individual that has taken no step; scalars, such as the step count, are its own too."""
        slots = read(self._slots)
        if not self.stacked:
            return slots
        return tuple(slot[0] if slot.shape.rank else slot for slot in slots)

    def apply(self, gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        """One step of every individual.

        Args:
            gradients: one for each weight, [individuals, ...].
            weights: values of the trainable weights, [individuals, ...].
            slots: the optimizer's state for them, its step count included, [individuals, ...].

        Returns:
            The weights and the slots after the step.
        """
        if self.stacked:
            return self._apply_stacked(gradients, weights, slots)
        return one_by_one(lambda member: self._step(*member), (gradients, weights, slots), self._individuals)

    def _apply_stacked(self, gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        # All lineages have taken the same number of steps: a scalar slot is one number for all.
        shared = tuple(
            values[0] if variable.shape == () else values for variable, values in zip(self._slots, slots, strict=True)
        )
        moved, after = self._step(gradients, weights, shared)
        return moved, tuple(
            tf.repeat(value[None], self._individuals, axis=0) if value.shape.rank == 0 else value for value in after
        )

    def _step(self, gradients: Tensors, weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        write(self._weights, weights)
        write(self._slots, slots)
        self.optimizer.apply(list(gradients))
        return read(self._weights), read(self._slots)


def _workbench(weight: keras.Variable, individuals: int) -> keras.Variable:
    shape = (individuals, *weight.shape) if individuals else tuple(weight.shape)
    bench = keras.Variable(tf.zeros(shape, weight.dtype), name=weight.name, dtype=weight.dtype)
    bench.constraint = weight.constraint
    return bench
