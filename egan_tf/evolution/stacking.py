"""Structures of tensors that hold several members, each tensor stacked on a leading axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def stack(members: Sequence[Any]) -> Any:
    """Stacks structures of tensors on a new leading axis; a single one is not copied."""
    if len(members) == 1:
        return tf.nest.map_structure(lambda tensor: tf.expand_dims(tensor, 0), members[0])
    return tf.nest.map_structure(lambda *tensors: tf.stack(tensors), *members)


def concatenate(stacks: Sequence[Any]) -> Any:
    """Joins stacked structures along their leading axis."""
    if len(stacks) == 1:
        return stacks[0]
    return tf.nest.map_structure(lambda *tensors: tf.concat(tensors, axis=0), *stacks)


def take(stacked: Any, positions: tf.Tensor | int) -> Any:
    """The members at `positions` of a stacked structure; a scalar position drops the axis."""
    if isinstance(positions, int):
        return tf.nest.map_structure(lambda tensor: _member(tensor, positions), stacked)
    return tf.nest.map_structure(lambda tensor: tf.gather(tensor, positions), stacked)


def _member(tensor: tf.Tensor, position: int) -> tf.Tensor:
    # Of one member only the shape changes, which costs less than a slice.
    return tf.squeeze(tensor, 0) if tensor.shape[0] == 1 and position == 0 else tensor[position]


def repeat(stacked: Any, times: int) -> Any:
    """Repeats each member `times` times in place: a, a, b, b."""
    if times == 1:
        return stacked
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, times, axis=0), stacked)


def merge(stacked: Any) -> Any:
    """Reshapes every tensor of a structure from [a, b, ...] to [a·b, ...]."""
    return tf.nest.map_structure(lambda tensor: tf.reshape(tensor, [-1, *tensor.shape[2:]]), stacked)


def where(condition: tf.Tensor, one: Any, other: Any) -> Any:
    """The members of `one` where `condition`, bool [members], is true, otherwise those of `other`."""

    def choose(yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.reshape(condition, [-1] + [1] * (yes.shape.rank - 1)), yes, no)

    return tf.nest.map_structure(choose, one, other)
