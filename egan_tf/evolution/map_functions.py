"""Maps over stacked members: one after the other, or vectorized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.stacking import stack, take

MapFn = Callable[[Callable[[Any], Any], Any, int], Any]

# Layers whose output for a sample does not depend on the rest of the batch.
_PER_SAMPLE = (
    keras.layers.InputLayer,
    keras.layers.Dense,
    keras.layers.Embedding,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv2DTranspose,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.PReLU,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Permute,
    keras.layers.Add,
    keras.layers.Multiply,
    keras.layers.Concatenate,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.ZeroPadding2D,
    keras.layers.Cropping2D,
    keras.layers.Rescaling,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.UnitNormalization,
)

# Layers that vectorize over members to batched matrix products; vectorized convolutions would be slower than a loop.
_BATCHABLE = (
    keras.layers.InputLayer,
    keras.layers.Dense,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.BatchNormalization,
    keras.layers.Concatenate,
    keras.layers.Add,
)


# Attributes of layers that mix samples if one names the batch's axis.
_AXES = ("axis", "axes")


def _consists_of(network: keras.Model, kinds: tuple[type, ...]) -> bool:
    """Whether a network is a graph of layers of these kinds alone, each with an activation of Keras' own."""
    # Exact types only, because a subclass may compute anything between its layers.
    if type(network) is keras.Sequential:
        operations = network.layers
    elif type(network).__name__ == "Functional" and type(network).__module__.startswith("keras."):
        # What the graph computes; functions of `keras.ops` are among the operations, and are no layers.
        operations = network.operations
    else:
        return False
    return all(
        _consists_of(one, kinds) if isinstance(one, keras.Model) else _is_one_of(one, kinds) for one in operations
    )


def _is_one_of(layer: Any, kinds: tuple[type, ...]) -> bool:
    # A subclass of a class that declares it may compute anything.
    declared = kinds is _PER_SAMPLE and vars(type(layer)).get("mixes_samples") is False
    if not declared and type(layer) not in kinds:
        return False
    activation = getattr(layer, "activation", None)
    own = activation is None or getattr(keras.activations, getattr(activation, "__name__", ""), None) is activation
    axes = [axis for name in _AXES for axis in np.atleast_1d(getattr(layer, name, 1)).tolist()]
    return own and 0 not in axes


def mixes_samples(network: keras.Model) -> bool:
    """Whether an output may depend on other samples of the batch, as with BatchNorm.

    True for layers that are not Keras' own, unless their class has the attribute `mixes_samples = False`.
    """
    return not _consists_of(network, _PER_SAMPLE)


def sequential_map(function: Callable[[Any], Any], stacked: Any, count: int) -> Any:
    """Applies `function` to each of `count` stacked members in turn, and stacks the results.

    The order is enforced, so that the memory of one member is freed before the next one starts.
    """
    results: list[Any] = []
    for position in range(count):
        with tf.control_dependencies(tf.nest.flatten(results[-1:])):
            member = tf.nest.map_structure(tf.identity, take(stacked, position))
            results.append(function(member))
    return stack(results)


def vectorized_map(function: Callable[[Any], Any], stacked: Any, count: int) -> Any:
    """Applies `function` to all stacked members in one batched operation; equals `sequential_map` up to rounding."""
    if count == 1:
        return sequential_map(function, stacked, count)
    return tf.vectorized_map(function, stacked)


def choose_map(*networks: keras.Model) -> MapFn:
    """The faster map for these networks: vectorized where all layers become batched matrix products.

    Among several replicas one after the other: inside a vectorized map they cannot wait for each other.
    """
    return (
        vectorized_map
        if replicas.count() == 1 and all(_consists_of(network, _BATCHABLE) for network in networks)
        else sequential_map
    )
