"""Maps over stacked members: one after the other, or vectorized."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

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


def _consists_of(network: keras.Model, kinds: tuple[type, ...]) -> bool:
    inner = [layer for layer in network._flatten_layers(include_self=False) if not isinstance(layer, keras.Model)]
    # Exact types only, because a subclass may compute anything.
    return all(type(layer) in kinds for layer in inner)


def mixes_samples(network: keras.Model) -> bool:
    """Whether an output may depend on other samples of the batch, as with BatchNorm. True for unknown layers."""
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
    """The faster map for these networks: vectorized where all layers become batched matrix products."""
    return vectorized_map if all(_consists_of(network, _BATCHABLE) for network in networks) else sequential_map
