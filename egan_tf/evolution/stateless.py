"""Keras networks as functions of their state, so that a population can share one architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution import replicas

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


class NetworkVariables(NamedTuple):
    """The variables that a state belongs to.

    Whoever keeps states notes them once: freezing a layer later moves variables from one of Keras' lists to the other.

    Attributes:
        trainable: in the order of `NetworkState.trainable`.
        non_trainable: in the order of `NetworkState.non_trainable`.
    """

    trainable: tuple[keras.Variable, ...]
    non_trainable: tuple[keras.Variable, ...]


def variables_of(network: keras.Model) -> NetworkVariables:
    """The variables of a network as it is now."""
    return NetworkVariables(tuple(network.trainable_variables), tuple(network.non_trainable_variables))


class ForwardPass(NamedTuple):
    """The result of running a network.

    Attributes:
        outputs: [batch, ...].
        after: the state after the call. `after.trainable` is the very tuple that went in unless a layer assigned to its
            own trainable weights, as SpectralNormalization does.
        added_loss: float32 scalar, what layers added by `add_loss` and activity regularizers; None if nothing.
    """

    outputs: tf.Tensor
    after: NetworkState
    added_loss: tf.Tensor | None


def read(variables: Sequence[keras.Variable]) -> Tensors:
    """The current values, as tensors that later assignments do not change."""
    return tuple(tf.identity(tf.convert_to_tensor(variable.value)) for variable in variables)


def write(variables: Sequence[keras.Variable], values: Sequence[tf.Tensor]) -> None:
    """Assigns `values` to `variables`, in order; on a replica to its own copies."""
    for variable, value in zip(variables, values, strict=True):
        replicas.assign(variable, value)


def state_of(network: keras.Model) -> NetworkState:
    """The current state of a built network."""
    return NetworkState(read(network.trainable_variables), read(network.non_trainable_variables))


def write_state(network: keras.Model, state: NetworkState) -> None:
    """Assigns a state to a built network."""
    write(network.trainable_variables, state.trainable)
    write(network.non_trainable_variables, state.non_trainable)


def gradients_of(tape: tf.GradientTape, target: Any, sources: Tensors, output_gradients: Any = None) -> Tensors:
    """The gradients of `target` as dense tensors, zero for sources that it does not depend on."""
    gradients = tape.gradient(
        target, sources, output_gradients=output_gradients, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return tuple(tf.convert_to_tensor(gradient) for gradient in gradients)


class _Scope(keras.StatelessScope):
    """A stateless scope with the gradients of a stateful call.

    There an assignment stops gradients: what is read later counts as the variable itself. So a weight that was read
    before and after an assignment gets the sum of both gradients, and none flows through the assigned value.
    """

    def __init__(
        self, mapping: Sequence[tuple[keras.Variable, tf.Tensor]], trainable: Sequence[keras.Variable]
    ) -> None:
        super().__init__(state_mapping=mapping, collect_losses=True)
        self._trainable = {id(variable) for variable in trainable}

    def add_update(self, update: tuple[keras.Variable, Any]) -> None:
        variable, value = update
        value = tf.stop_gradient(tf.convert_to_tensor(value))
        if id(variable) in self._trainable:
            before = self.get_current_value(variable)
            value += before - tf.stop_gradient(before)
        super().add_update((variable, value))


def forward_pass(
    network: keras.Model,
    state: NetworkState,
    inputs: tf.Tensor,
    labels: tf.Tensor | None = None,
    training: bool = True,
    variables: NetworkVariables | None = None,
) -> ForwardPass:
    """Runs a network with the given state, without changing its variables, with the gradients of a stateful call.

    Args:
        network: a built Keras model with one input, or two if labels are given.
        state: the values to use for its variables.
        inputs: [batch, ...].
        labels: [batch] or None.
        training: whether BatchNorm uses the batch's statistics and random layers are active.
        variables: that the state belongs to; None for those of the network as it is now.
    """
    trainable, non_trainable = variables or variables_of(network)
    mapping = [*zip(trainable, state.trainable, strict=True), *zip(non_trainable, state.non_trainable, strict=True)]
    with _Scope(mapping, trainable) as scope:
        outputs = network(inputs if labels is None else [inputs, labels], training=training)
        losses = [tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in scope.losses]
    weights = tuple(scope.get_current_value(variable) for variable in trainable)
    assigned = any(now is not before for now, before in zip(weights, state.trainable, strict=True))
    others = tuple(tf.convert_to_tensor(scope.get_current_value(variable)) for variable in non_trainable)
    after = NetworkState(weights if assigned else state.trainable, others)
    return ForwardPass(outputs, after, tf.add_n(losses) if losses else None)


def apply_network(
    network: keras.Model,
    state: NetworkState,
    inputs: tf.Tensor,
    labels: tf.Tensor | None = None,
    training: bool = True,
    variables: NetworkVariables | None = None,
) -> tuple[tf.Tensor, NetworkState]:
    """The output of a network and its state after the call; the arguments are those of `forward_pass`."""
    result = forward_pass(network, state, inputs, labels, training, variables)
    return result.outputs, result.after


def apply_discriminator(
    discriminator: keras.Model, state: NetworkState, samples: tf.Tensor, labels: tf.Tensor | None = None
) -> ForwardPass:
    """A forward pass in training mode, with logits in float32 [batch, 1]."""
    result = forward_pass(discriminator, state, samples, labels)
    return result._replace(outputs=tf.cast(result.outputs, tf.float32))


def assigned_weights(before: NetworkState, after: NetworkState) -> Tensors:
    """The trainable weights after a call in which layers assigned to them; () if none did."""
    return () if after.trainable is before.trainable else after.trainable


def regularization(network: keras.Model, weights: Tensors) -> tf.Tensor | None:
    """The sum of all weight regularizers at these trainable weights, float32 scalar; None if there are none."""
    losses = [
        tf.reduce_sum(tf.cast(variable.regularizer(weight), tf.float32))
        for variable, weight in zip(network.trainable_variables, weights, strict=True)
        if variable.regularizer is not None
    ]
    return tf.add_n(losses) if losses else None


def own_loss(network: keras.Model, weights: Tensors, *added: tf.Tensor | None) -> tf.Tensor | None:
    """The losses that a network's layers bring to its own optimizer step, as `network.losses` in a plain loop.

    Args:
        network: the architecture.
        weights: the trainable weights after the step's forward passes; each regularizer counts once.
        *added: `added_loss` of each of the passes.

    Returns:
        float32 scalar, or None if the layers bring no losses.
    """
    parts = [loss for loss in (regularization(network, weights), *added) if loss is not None]
    return tf.add_n(parts) if parts else None
