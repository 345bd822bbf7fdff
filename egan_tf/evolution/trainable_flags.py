"""Which layers and variables of a network are trainable, for copies: a configuration of Keras may lose it.

A layer's configuration keeps its own `trainable`, but neither that of a single variable nor that of a layer inside of a
layer of the user.
"""

from __future__ import annotations

import contextlib
import copy
from typing import Any, NamedTuple

import keras

from egan_tf.evolution.stateless import variables_of


class TrainableFlags(NamedTuple):
    """Flags of a network.

    Attributes:
        layers: of the network and all layers inside of it, in Keras' order.
        variables: of all variables, in the order of `network.variables`.
    """

    layers: list[bool]
    variables: list[bool]


def flags_of(network: keras.Model) -> TrainableFlags:
    """The flags of a built network."""
    layers, variables = network._flatten_layers(), network.variables
    return TrainableFlags([layer.trainable for layer in layers], [variable.trainable for variable in variables])


def set_flags(network: keras.Model, flags: TrainableFlags) -> None:
    """Gives a built network the flags of one that is built alike; raises `ValueError` if it is not."""
    # Not by the property, which sets all inside of a layer, too.
    for layer, flag in zip(network._flatten_layers(), flags.layers, strict=True):
        layer._trainable = flag
    for variable, flag in zip(network.variables, flags.variables, strict=True):
        if variable.trainable != flag:
            variable.trainable = flag


def lost_flags(network: keras.Model, config: dict[str, Any]) -> TrainableFlags | None:
    """The flags of a network if its configuration does not keep them; otherwise None.

    Args:
        network: built.
        config: its serialization by Keras. It is read back only if something is frozen.
    """
    trainable = {id(variable) for variable in variables_of(network).trainable}
    made_trainable = [variable for layer in network._flatten_layers() for variable in layer._trainable_variables]
    if all(id(variable) in trainable for variable in made_trainable):
        return None
    flags = flags_of(network)
    with contextlib.suppress(Exception):  # what cannot be read back fails where it is loaded, as without frozen parts
        read_back = keras.saving.deserialize_keras_object(copy.deepcopy(config))  # it takes what it reads out
        return None if flags_of(read_back) == flags else flags
    return None
