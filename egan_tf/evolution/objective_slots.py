"""Optimizer slots that each line keeps for each objective, [μ, objectives, ...], as in the authors' Theano code.

A child starts with the slots that its line had after the last child by the same objective, whether that child survived
or not. With one individual this is an optimizer per objective; with several, survivors take the slots of their parent's
line with them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from egan_tf.evolution.stacking import merge, take, where
from egan_tf.evolution.stateless import Tensors


def initial_objective_slots(slots: Sequence[np.ndarray], objectives: int) -> list[np.ndarray]:
    """Fresh slots for every objective, [μ, objectives, ...], from fresh slots [μ, ...]."""
    return [np.stack([slot] * objectives, axis=1) for slot in slots]


def slots_of(slots: Tensors, chosen: tf.Tensor) -> Tensors:
    """The slots of one objective of each line, [μ, ...].

    Args:
        slots: [μ, objectives, ...].
        chosen: int64 [μ].
    """
    return tuple(tf.gather(slot, chosen, batch_dims=1) for slot in slots)


def with_slots(slots: Tensors, chosen: tf.Tensor, new: Tensors, counts_line: bool = False) -> Tensors:
    """The slots with those of one objective of each line replaced, [μ, objectives, ...].

    Args:
        slots: [μ, objectives, ...].
        chosen: int64 [μ].
        new: [μ, ...].
        counts_line: as of `StatelessOptimizer`.
    """
    rows = tf.range(tf.size(chosen, tf.int64), dtype=tf.int64)
    places = tf.stack([rows, chosen], axis=1)
    after = tuple(tf.tensor_scatter_nd_update(slot, places, one) for slot, one in zip(slots, new, strict=True))
    return _with_one_count(after) if counts_line else after


def inherited_slots(
    before: Tensors, children: Tensors, finite: tf.Tensor, parents: tf.Tensor, counts_line: bool = False
) -> Tensors:
    """The slots of survivors after a tournament, in which every objective has made a child of every line.

    Args:
        before: [μ, objectives, ...].
        children: of all children, parent by parent, [μ · objectives, ...].
        finite: bool [μ · objectives]; a child that is not finite changes no slots.
        parents: int64 [survivors], their parents.
        counts_line: as of `StatelessOptimizer`.

    Returns:
        [survivors, objectives, ...].
    """
    after = where(finite, children, merge(before))
    shapes = [slot.shape for slot in before]
    lines = tuple(tf.reshape(slot, shape) for slot, shape in zip(after, shapes, strict=True))
    return take(_with_one_count(lines) if counts_line else lines, parents)


def _with_one_count(slots: Tensors) -> Tensors:
    """The slots, of which the last, the steps of the line, becomes the largest of any objective for all of them."""
    *own, steps = slots
    return (*own, tf.broadcast_to(tf.reduce_max(steps, axis=1, keepdims=True), tf.shape(steps)))
