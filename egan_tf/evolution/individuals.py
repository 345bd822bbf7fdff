"""Many individuals at once: each quantity of theirs stacked on a leading axis, and ways to go over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

Sweep = Callable[[Callable[[Any], Any], Any, int], Any]

# Layers that treat each sample by itself, the same whatever else is in the batch.
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

# Layers whose weights may differ from sample to sample at no more than a batched matrix product.
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
    # A subclass may do anything.
    return all(type(layer) in kinds for layer in inner)


def mixes_samples(network: keras.Model) -> bool:
    """Whether an output may depend on other samples of the batch, as with BatchNorm; a layer unknown here may."""
    return not _consists_of(network, _PER_SAMPLE)


def stack(members: Sequence[Any]) -> Any:
    """Stacks structures of tensors on a new leading axis."""
    return tf.nest.map_structure(lambda *tensors: tf.stack(tensors), *members)


def take(stacked: Any, positions: tf.Tensor | int) -> Any:
    """The members at `positions` of a stacked structure; one scalar position drops the axis."""
    if isinstance(positions, int):
        return tf.nest.map_structure(lambda tensor: tensor[positions], stacked)
    return tf.nest.map_structure(lambda tensor: tf.gather(tensor, positions), stacked)


def repeat(stacked: Any, times: int) -> Any:
    """Each member `times` times, one copy after the other."""
    if times == 1:
        return stacked
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, times, axis=0), stacked)


def merge(stacked: Any) -> Any:
    """[a, b, ...] to [a·b, ...] throughout a structure."""
    return tf.nest.map_structure(lambda tensor: tf.reshape(tensor, [-1, *tensor.shape[2:]]), stacked)


def one_by_one(function: Callable[[Any], Any], stacked: Any, count: int) -> Any:
    """`function` of each of `count` stacked members, one after the other, the results stacked.

    The order is enforced, so that the memory of one is free before the next begins.
    """
    results: list[Any] = []
    for position in range(count):
        with tf.control_dependencies(tf.nest.flatten(results[-1:])):
            member = tf.nest.map_structure(tf.identity, take(stacked, position))
            results.append(function(member))
    return stack(results)


def all_at_once(function: Callable[[Any], Any], stacked: Any, count: int) -> Any:
    """`function` of all stacked members in one sweep of batched operations: as `one_by_one`, but for rounding."""
    if count == 1:
        return one_by_one(function, stacked, count)
    return tf.vectorized_map(function, stacked)


def sweep_for(*networks: keras.Model) -> Sweep:
    """The faster way to go over individuals: all at once where batched matrix products do it, else one by one."""
    return all_at_once if all(_consists_of(network, _BATCHABLE) for network in networks) else one_by_one
