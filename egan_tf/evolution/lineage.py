"""The descent of individuals over the generations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from egan_tf.evolution.individual import NONE, Origin


class Lineage(NamedTuple):
    """The descent of each individual of a population.

    Attributes:
        root: int64 [μ], the position in the initial population where its line began.
        parents: int64 [μ, 2], the positions of its parents in the previous population, the second −1 if there is only
            one; for a retained parent, its own position there.
        operator: int64 [μ], the position of the operator that made it; −1 in the initial population.
        ancestry: int64 [μ, operators], how often each operator occurs in its line, along first parents.
    """

    root: tf.Tensor
    parents: tf.Tensor
    operator: tf.Tensor
    ancestry: tf.Tensor

    @property
    def origin(self) -> Origin:
        """Parents and operator of each individual, without the history."""
        return Origin(self.parents, self.operator)

    @property
    def parent(self) -> tf.Tensor:
        """int64 [μ], the first parents."""
        return self.parents[:, 0]


def initial_lineage(size: int, operators: int) -> list[np.ndarray]:
    """The values of `Lineage` for an initial population."""
    start = np.arange(size, dtype="int64")
    return [
        start,
        np.stack([start, np.full(size, NONE, "int64")], axis=1),
        np.full(size, NONE, "int64"),
        np.zeros([size, operators], "int64"),
    ]


def descend(before: Lineage, origin: Origin, retained: tf.Tensor) -> tuple[Lineage, tf.Tensor]:
    """The lineage of a new population.

    Args:
        before: of the previous population.
        origin: of the new individuals, [μ].
        retained: bool [μ], True for a retained parent, which counts for no operator.

    Returns:
        The new lineage, and int64 [operators], how many of the individuals each operator made in this generation.
    """
    made = _operators_of(origin, ~retained, before.ancestry.shape[1])
    first = origin.parents[:, 0]
    lineage = Lineage(
        tf.gather(before.root, first), origin.parents, origin.operator, tf.gather(before.ancestry, first) + made
    )
    return lineage, tf.reduce_sum(made, axis=0)


def made_by(origin: Origin, counted: tf.Tensor, operators: int) -> tf.Tensor:
    """int64 [operators], how many individuals each operator has made.

    Args:
        origin: of the individuals, [μ].
        counted: bool [μ], which of them count.
        operators: how many operators there are.
    """
    return tf.reduce_sum(_operators_of(origin, counted, operators), axis=0)


def _operators_of(origin: Origin, counted: tf.Tensor, operators: int) -> tf.Tensor:
    """int64 [μ, operators], 1 for the operator of each individual that counts."""
    return tf.one_hot(tf.where(counted, origin.operator, tf.constant(NONE, tf.int64)), operators, dtype=tf.int64)
