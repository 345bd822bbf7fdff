"""Keras networks as functions of their state, so that a population can share one architecture."""

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
        non_trainable: all other variables, such as BatchNorm's statistics and the state of random layers, in Keras'
            order.
    """

    trainable: Tensors
    non_trainable: Tensors


def read(variables: Sequence[keras.Variable]) -> Tensors:
    """The current values, as tensors that later assignments do not change."""
    return tuple(tf.identity(tf.convert_to_tensor(variable.value)) for variable in variables)


def write(variables: Sequence[keras.Variable], values: Sequence[tf.Tensor]) -> None:
    """Assigns `values` to `variables`, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def state_of(network: keras.Model) -> NetworkState:
    """The current state of a built network."""
    return NetworkState(read(network.trainable_variables), read(network.non_trainable_variables))


def write_state(network: keras.Model, state: NetworkState) -> None:
    """Assigns a state to a built network."""
    write(network.trainable_variables, state.trainable)
    write(network.non_trainable_variables, state.non_trainable)


def gradients_of(
    tape: tf.GradientTape, target: tf.Tensor, sources: Tensors, output_gradients: tf.Tensor | None = None
) -> Tensors:
    """The gradients of `target` as dense tensors, zero for sources that it does not depend on."""
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
    """Runs a network with the given state, without changing its variables.

    Args:
        network: a built Keras model with one input, or two if labels are given.
        state: the values to use for its variables.
        inputs: [batch, ...].
        labels: [batch] or None.
        training: whether BatchNorm uses the batch's statistics and random layers are active.

    Returns:
        The output, and the non-trainable state after the call.
    """
    arguments = inputs if labels is None else [inputs, labels]
    outputs, after = network.stateless_call(
        list(state.trainable), list(state.non_trainable), arguments, training=training
    )
    return outputs, tuple(tf.convert_to_tensor(value) for value in after)


def apply_discriminator(
    discriminator: keras.Model, state: NetworkState, samples: tf.Tensor, labels: tf.Tensor | None = None
) -> tuple[tf.Tensor, Tensors]:
    """The logits of samples in training mode, float32 [batch, 1], and the non-trainable state after the call."""
    logits, after = apply_network(discriminator, state, samples, labels)
    return tf.cast(logits, tf.float32), after
