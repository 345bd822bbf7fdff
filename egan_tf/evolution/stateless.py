"""Keras networks and optimizers as functions of their state, so that a population can share one of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

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


class StatelessOptimizer:
    """A Keras optimizer as a function of weights, slots and gradients.

    Keras offers `stateless_apply` on other backends only. Here the optimizer's own variables serve as a workbench:
    an individual is laid on it, moved one step and read off again, in the order that `tf.function` keeps. XLA turns
    the detour into plain dataflow.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> None:
        """Builds `optimizer` for `weights`, which become the workbench."""
        optimizer.build(weights)
        self.optimizer = optimizer
        self._weights = list(weights)
        # The learning rate belongs to the run, not to an individual: callbacks set it while training goes on.
        self._slots = [variable for variable in optimizer.variables if variable.name != "learning_rate"]

    def initial_slots(self) -> Tensors:
        """The slots of an individual that has taken no step."""
        return read(self._slots)

    def apply(self, gradients: Sequence[tf.Tensor], weights: Tensors, slots: Tensors) -> tuple[Tensors, Tensors]:
        """One optimizer step.

        Args:
            gradients: one for each weight.
            weights: values of the trainable weights.
            slots: the optimizer's state for them, its step count included.

        Returns:
            The weights and the slots after the step.
        """
        write(self._weights, weights)
        write(self._slots, slots)
        self.optimizer.apply(list(gradients))
        return read(self._weights), read(self._slots)
