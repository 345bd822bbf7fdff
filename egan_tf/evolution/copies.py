"""Copies of a generator: newly initialized ones for the population, and survivors as models of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.stateless import NetworkState, forward_pass, state_of, write_state
from egan_tf.utils.checks import InputError

Values = tuple[list[np.ndarray], list[np.ndarray]]
"""The trainable and the other values of a network."""


def initial_population(generator: keras.Model, count: int) -> list[Values]:
    """The values of the generator itself, and of `count − 1` copies with newly initialized weights.

    Raises:
        InputError: if two have equal weights, because equal individuals stay equal.
    """
    members = [_values(generator), *(_new_values(generator) for _ in range(count - 1))]
    for i, (other, _) in enumerate(members):
        if any(all(map(np.array_equal, other, earlier)) for earlier, _ in members[:i]):
            raise InputError(
                "population_size",
                "the generator's initializers have fixed seeds, so that all individuals would start, and stay, "
                "equal; leave the seeds to keras.utils.set_random_seed",
            )
    return members


def copy_network(network: keras.Model, state: NetworkState) -> keras.Model:
    """A copy of a network with another state, which further training does not change.

    A network that Keras can clone gives a plain model of the same layers. One that it cannot, such as a subclass
    without `get_config` or with a `Lambda`, gives a model that calls the network with variables of its own.
    """
    copy = _clone(network) or NetworkCopy(network)
    write_state(copy, state)
    return copy


class NetworkCopy(keras.Model):
    """A network of which Keras can make no clone, with its own variables.

    It is called, trained and exported like the network itself. Keras cannot save it as a `.keras` file.
    """

    def __init__(self, network: keras.Model) -> None:
        """Creates variables like those of the network."""
        super().__init__(name=network.name)
        # In a tuple within a closure, because Keras would track the network's own variables as well.
        self._call_with = lambda *arguments: forward_pass(network, *arguments)
        self._own_trainable = [self._variable(variable, True) for variable in network.trainable_variables]
        self._own_others = [self._variable(variable, False) for variable in network.non_trainable_variables]
        self.built = True

    def _variable(self, source: keras.Variable, trainable: bool) -> keras.Variable:
        return self.add_weight(
            name=source.path.replace("/", "_"),
            shape=source.shape,
            dtype=source.dtype,
            initializer="zeros",
            trainable=trainable,
            autocast=False,
        )

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """The network's output; in training mode the variables that its layers assign to change."""
        noise, labels = inputs if isinstance(inputs, list | tuple) else (inputs, None)
        result = self._call_with(state_of(self), noise, labels, training)
        if training:
            write_state(self, result.after)
        if result.added_loss is not None:
            self.add_loss(result.added_loss)
        return result.outputs


def _clone(network: keras.Model) -> keras.Model | None:
    """A clone with new weights; None if Keras cannot make one that has the same variables."""
    try:
        clone = keras.models.clone_model(network)
        if not clone.built:
            clone.build(network.input_shape)
    except Exception:  # a layer of the user may raise anything
        return None
    own, other = ([(v.shape, v.dtype) for v in model.variables] for model in (network, clone))
    return clone if own == other and not {*map(id, network.variables)} & {*map(id, clone.variables)} else None


def _values(network: keras.Model) -> Values:
    return _arrays(network.trainable_variables), _arrays(network.non_trainable_variables)


def _arrays(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


def _new_values(network: keras.Model) -> Values:
    """New initial values: those of a clone, or drawn again by the initializers that the layers keep."""
    clone = _clone(network)
    if clone is not None:
        return _values(clone)
    drawn = {}
    for layer in network._flatten_layers():
        for name, initializer in vars(layer).items():
            variable = getattr(layer, name.removesuffix("_initializer"), None)
            if name.endswith("_initializer") and isinstance(variable, keras.Variable) and callable(initializer):
                drawn[id(variable)] = _draw(initializer, variable)
    trainable, others = (
        [drawn.get(id(variable), variable.numpy()) for variable in variables]
        for variables in (network.trainable_variables, network.non_trainable_variables)
    )
    return trainable, others


def _draw(initializer: Any, variable: keras.Variable) -> np.ndarray:
    # An initializer gives the same numbers at every call; its clone has a new seed, unless the user fixed it.
    fresh = initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer
    return np.asarray(keras.ops.convert_to_numpy(fresh(variable.shape, dtype=variable.dtype)))
