"""What evolves: a generator's weights, its optimizer's slots, and where it comes from."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.stateless import NetworkState, Tensors

NONE = -1
"""No parent, or no operator."""


class Origin(NamedTuple):
    """Where an individual comes from.

    Attributes:
        parents: int64 [2], the positions of its parents in the population before; the second is −1 where there is
            only one. The moving average and the ancestry follow the first.
        operator: int64 scalar, which variation operator made it, counted over the names of all operators; −1 for a
            member of the initial population.
    """

    parents: tf.Tensor
    operator: tf.Tensor


class Individual(NamedTuple):
    """One generator as evolution sees it; or several, each tensor stacked on a leading axis.

    Attributes:
        network: the generator's weights and other state.
        slots: its optimizer's state, the step count included.
        origin: its parents and the operator that made it.
    """

    network: NetworkState
    slots: Tensors
    origin: Origin


def single_parent(positions: tf.Tensor, operators: tf.Tensor) -> Origin:
    """Origins of individuals with one parent each.

    Args:
        positions: integers [n], the parents.
        operators: integers [n].
    """
    first = tf.cast(positions, tf.int64)
    return Origin(
        tf.stack([first, tf.fill([first.shape[0]], tf.constant(NONE, tf.int64))], axis=1), tf.cast(operators, tf.int64)
    )
