"""Copies of a generator: newly initialized ones for the population, and survivors as models of their own."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.architecture import input_shapes, signature
from egan_tf.evolution.stateless import NetworkState, NetworkVariables, forward_pass, read, variables_of, write
from egan_tf.evolution.trainable_flags import flags_of, set_flags
from egan_tf.utils.checks import InputError

_ADVICE = "give its classes get_config, or keep the initializer of a weight NAME as NAME_initializer"
Values = tuple[list[np.ndarray], list[np.ndarray]]
"""The trainable and the other values of a network."""


def initial_population(generator: keras.Model, count: int) -> list[Values]:
    """The values of the generator itself, and of `count − 1` copies with newly initialized weights.

    Warns of weights that cannot be drawn again, because their layers keep no initializers.

    Raises:
        InputError: if two have equal weights, because equal individuals stay equal.
    """
    drawn = [_new_values(generator) for _ in range(count - 1)]
    members = [_values(generator), *(one.values for one in drawn)]
    kept = drawn[0].kept if drawn else []
    for i, (other, _) in enumerate(members):
        if any(all(map(np.array_equal, other, earlier)) for earlier, _ in members[:i]):
            equal = "so that all individuals would start, and stay, equal"
            seeds = f"the generator's initializers have fixed seeds, {equal}; leave the seeds to "
            unknown = f"Keras cannot clone the generator, and its layers keep no initializers, {equal}; {_ADVICE}"
            raise InputError("population_size", unknown if kept else f"{seeds}keras.utils.set_random_seed")
    if kept:
        warnings.warn(
            f"generator: Keras cannot clone it, so that all individuals start with equal {', '.join(kept)}; {_ADVICE}",
            UserWarning,
            stacklevel=4,
        )
    return members


def copy_network(network: keras.Model, state: NetworkState, variables: NetworkVariables | None = None) -> keras.Model:
    """A copy of a network with another state, which further training does not change.

    A network that Keras can clone gives a plain model of the same layers. One that it cannot, such as a subclass
    without `get_config` or with a `Lambda`, gives a model that calls the network with variables of its own. What is
    frozen in the network is frozen in the copy.

    Args:
        network: built.
        state: of the copy.
        variables: of the network that the state belongs to; None for those of the network as it is now.
    """
    belonging, values = variables or variables_of(network), (*state.trainable, *state.non_trainable)
    by_variable = dict(zip(map(id, (*belonging.trainable, *belonging.non_trainable)), values, strict=True))
    clone, _ = _clone(network)
    # In the order of the variables of the copy: `NetworkCopy` makes the trainable ones first.
    sources = network.variables if clone else [variable for same in variables_of(network) for variable in same]
    copy = clone or NetworkCopy(network)
    # A layer that was added since has its own values.
    write(copy.variables, [by_variable.get(id(source), source.value) for source in sources])
    return copy


class NetworkCopy(keras.Model):
    """A network of which Keras can make no clone, with its own variables.

    It is called, trained and exported like the network itself. Keras cannot save it as a `.keras` file.
    """

    def __init__(self, network: keras.Model) -> None:
        """Creates variables like those of the network."""
        super().__init__(name=network.name)
        variables = variables_of(network)
        # In a function's arguments, because Keras would track the network's own variables as well.
        self._call_with = functools.partial(forward_pass, network, variables=variables)
        self._shapes_taken = functools.partial(input_shapes, "generator", network)
        self._own_trainable = [self._variable(variable, True) for variable in variables.trainable]
        self._own_others = [self._variable(variable, False) for variable in variables.non_trainable]
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

    def get_build_config(self) -> dict[str, Any]:
        """The shapes that the network takes, as a subclass that Keras built says them."""
        shapes = self._shapes_taken()
        return {"input_shape": shapes if len(shapes) > 1 else shapes[0]}

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """The network's output; in training mode the variables that its layers assign to change."""
        noise, labels = inputs if isinstance(inputs, list | tuple) else (inputs, None)
        state = NetworkState(read(self._own_trainable), read(self._own_others))
        result = self._call_with(state, noise, labels, training)
        if training:
            write(self._own_trainable, result.after.trainable)
            write(self._own_others, result.after.non_trainable)
        if result.added_loss is not None:
            self.add_loss(result.added_loss)
        return result.outputs


def _clone(network: keras.Model) -> tuple[keras.Model | None, Values]:
    """A clone with the network's weights, and the new weights that it had first; (None, ...) if Keras makes none.

    A clone counts only if it computes what the network computes: that of a subclass may miss what the subclass adds.
    """
    try:
        clone = keras.models.clone_model(network)
        if not clone.built:
            clone.build(network.input_shape)
        set_flags(clone, flags_of(network))
        new_values = _values(clone)
        clone.set_weights(network.get_weights())
        same = type(clone) is type(network) and np.allclose(
            _outputs(clone, network), _outputs(network, network), rtol=1e-3, atol=1e-5, equal_nan=True
        )
    except Exception:  # a layer of the user may raise anything
        return None, ([], [])
    apart = {*map(id, network.variables)}.isdisjoint(map(id, clone.variables))
    return (clone if same and apart and _has_shapes_of(network, clone) else None), new_values


def _has_shapes_of(network: keras.Model, clone: keras.Model) -> bool:
    """Whether both have as many variables of the same shapes, and the same of them are trainable."""
    ours, others = variables_of(clone), variables_of(network)
    return all(
        [variable.shape for variable in mine] == [variable.shape for variable in theirs]
        for mine, theirs in zip(ours, others, strict=True)
    )


def settled(generator: keras.Model, state: NetworkState, variables: NetworkVariables) -> NetworkState:
    """The state with what layers such as SpectralNormalization would assign to their weights in training mode.

    A survivor's weights are what its layers have assigned; the moving averages of such weights are not.
    """
    noise, labels = _some_inputs(generator)
    after = forward_pass(generator, state, noise, labels, variables=variables).after
    return state._replace(trainable=after.trainable)


def _some_inputs(network: keras.Model) -> tuple[tf.Tensor, tf.Tensor | None]:
    """A row of noise, and a label if the network takes any."""
    shapes = input_shapes("generator", network)
    values = [
        tf.zeros([1, *shape[1:]], spec.dtype) for shape, spec in zip(shapes, signature(network, shapes), strict=True)
    ]
    ramp = tf.reshape(tf.linspace(-1.0, 1.0, values[0].shape.num_elements()), values[0].shape)
    return ramp, values[1] if len(values) > 1 else None


def _outputs(network: keras.Model, takes_inputs_of: keras.Model) -> np.ndarray:
    """The outputs of a network for a row of noise."""
    noise, labels = _some_inputs(takes_inputs_of)
    inputs = noise if labels is None else [noise, labels]
    return np.asarray(keras.ops.convert_to_numpy(network(inputs, training=False)))


def _values(network: keras.Model) -> Values:
    return _arrays(network.trainable_variables), _arrays(network.non_trainable_variables)


def _arrays(variables: Sequence[keras.Variable]) -> list[np.ndarray]:
    return [variable.numpy() for variable in variables]


class _Drawn(NamedTuple):
    """New initial values, and the paths of the weights that have none, but those that all have one value."""

    values: Values
    kept: list[str]


def _new_values(network: keras.Model) -> _Drawn:
    """New initial values: those of a clone, or drawn again by the initializers that the layers keep."""
    clone, new_values = _clone(network)
    if clone is not None:
        return _Drawn(new_values, [])
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
    weights = [variable for variable in network.trainable_variables if id(variable) not in drawn]
    kept = [weight.path for weight in weights if np.unique(weight.numpy()).size > 1]
    return _Drawn((trainable, others), kept)


def _draw(initializer: Any, variable: keras.Variable) -> np.ndarray:
    # An initializer gives the same numbers at every call; its clone has a new seed, unless the user fixed it.
    fresh = initializer.clone() if isinstance(initializer, keras.initializers.Initializer) else initializer
    return np.asarray(keras.ops.convert_to_numpy(fresh(variable.shape, dtype=variable.dtype)))
