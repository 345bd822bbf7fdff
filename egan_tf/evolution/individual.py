"""An individual: a generator's weights, its optimizer's slots, and its origin."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.stateless import NetworkState, Tensors

NONE = -1
"""No parent, or no operator."""


class Origin(NamedTuple):
    """The parents of an individual, and the operator that made it.

    Attributes:
        parents: int64 [2], the positions of its parents in the previous population; the second is −1 if there is only
            one. The moving average and the ancestry follow the first.
        operator: int64 scalar, the position in the names of all operators, `EGAN.operator_names`; −1 for a member of
            the initial population.
    """

    parents: tf.Tensor
    operator: tf.Tensor


class Individual(NamedTuple):
    """One individual; or several, with every tensor stacked on a leading axis.

    Attributes:
        network: the generator's weights and non-trainable state.
        slots: its optimizer's state, the step count included.
        origin: its parents and the operator that made it.
        gradient: () for most. A child may consist of the gradient of the one optimizer step that it takes from its
            first parent; then its weights and slots are (), and are made when they are needed, which saves memory.
    """

    network: NetworkState
    slots: Tensors
    origin: Origin
    gradient: Tensors = ()


def single_parent(positions: tf.Tensor, operators: tf.Tensor) -> Origin:
    """Origins of individuals with one parent each.

    Args:
        positions: integers [n], the parents' positions in the population.
        operators: integers [n], the positions of the operators' names.
    """
    first = tf.cast(positions, tf.int64)
    return Origin(
        tf.stack([first, tf.fill([first.shape[0]], tf.constant(NONE, tf.int64))], axis=1), tf.cast(operators, tf.int64)
    )
