"""What a tournament has decided: ties, the spread of F among siblings, and its size. Pure functions.

All siblings are scored on the same noise, so that even a meaningless difference is statistically certain. Two measures
say whether it means something: float32's rounding, below which it is a tie, and the sampling error of the quality
in the fitness.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from egan_tf.evolution.individual import Origin
from egan_tf.evolution.tournaments import MATERIAL_SPREAD

EPSILON = float(np.finfo(np.float32).eps)
ROUNDING = 16.0
"""Fitnesses that differ by less than so many float32 epsilons of their mean size are tied.

A mean over 64 probabilities of about ½ is rounded by about one; the logits behind them, sums over a network's widths,
by several: where D is balanced, siblings differ by 5e-7, or 8 epsilons of ½.
"""


class Outcome(NamedTuple):
    """What a tournament has decided.

    Attributes:
        spread: float32 scalar, the largest difference of F among the viable children of a survivor's parent.
        error: float32 scalar, the standard error of the quality over the evaluation batch, the mean over viable
            children.
        decided: bool [μ], whether a survivor beats each of its siblings by more than rounding, or because they are not
            viable; False for one without siblings, and for a retained parent.
    """

    spread: tf.Tensor
    error: tf.Tensor
    decided: tf.Tensor

    @property
    def material(self) -> tf.Tensor:
        """bool scalar, whether the spread is large against the sampling error of the quality."""
        return self.spread > MATERIAL_SPREAD * self.error


def tie_tolerance(quality: tf.Tensor, fitness: tf.Tensor, viable: tf.Tensor) -> tf.Tensor:
    """The difference of F up to which children are tied, float32 scalar.

    Args:
        quality: float32 [n]; F may be small where its terms are not.
        fitness: float32 [n].
        viable: bool [n].
    """
    size = tf.maximum(_mean(tf.abs(quality), viable), _mean(tf.abs(fitness), viable))
    return ROUNDING * EPSILON * size


def own_objectives(parents: Origin) -> tf.Tensor:
    """int64 [μ], the objective of each line: that which made its last survivor; in the initial population the first."""
    return tf.maximum(parents.operator, 0)


def preferring_own(
    fitness: tf.Tensor, viable: tf.Tensor, children: Origin, own: tf.Tensor, tolerance: tf.Tensor
) -> tf.Tensor:
    """Fitnesses for ranking, in which a child of its line's own objective wins over siblings that are tied with it.

    Args:
        fitness: float32 [n].
        viable: bool [n].
        children: origins, [n].
        own: int64 [μ], the objective of each parent's line.
        tolerance: float32 scalar.

    Returns:
        float32 [n]: for a child of the line's own objective the best fitness among the siblings tied with it, and a bit
        more; for the others their own.
    """
    parent = children.parents[:, 0]
    is_own = children.operator == tf.gather(own, parent)
    tied = (parent[:, None] == parent[None]) & viable[None] & (fitness[None] <= fitness[:, None] + tolerance)
    best = tf.maximum(tf.reduce_max(tf.where(tied, fitness[None], -np.inf), axis=1), fitness)
    # At least the smallest normal number: smaller ones count as 0 in comparisons.
    a_bit = tf.maximum(2.0 * EPSILON * tf.abs(best), float(np.finfo(np.float32).tiny))
    return tf.where(is_own & viable, best + a_bit, fitness)


def outcome_of(
    fitness: tf.Tensor,
    viable: tf.Tensor,
    errors: tf.Tensor,
    children: Origin,
    chosen: tf.Tensor,
    retained: tf.Tensor,
    tolerance: tf.Tensor,
) -> Outcome:
    """The outcome of a tournament.

    Args:
        fitness: float32 [n].
        viable: bool [n].
        errors: float32 [n], each child's `fitness.sampling_error`.
        children: origins, [n].
        chosen: int32 [μ], the positions of the survivors among the children.
        retained: bool [μ], True for a parent that is retained instead.
        tolerance: float32 scalar, of ties.
    """
    parent = children.parents[:, 0]
    siblings = tf.gather(parent, chosen)[:, None] == parent[None]
    family = siblings & viable[None]
    high = tf.reduce_max(tf.where(family, fitness[None], -np.inf), axis=1)
    low = tf.reduce_min(tf.where(family, fitness[None], np.inf), axis=1)
    spread = tf.maximum(tf.reduce_max(tf.where(retained, 0.0, high - low)), 0.0)
    others = tf.range(fitness.shape[0])[None] != chosen[:, None]
    rival = tf.reduce_max(tf.where(family & others, fitness[None], -np.inf), axis=1)
    beaten = tf.reduce_any(siblings & others, axis=1) & (tf.gather(fitness, chosen) - rival > tolerance)
    decided = ~retained & beaten
    return Outcome(spread, _mean(errors, viable), decided)


def _mean(values: tf.Tensor, included: tf.Tensor) -> tf.Tensor:
    """The mean of the included values; 0 if there are none."""
    count = tf.reduce_sum(tf.cast(included, values.dtype))
    return tf.math.divide_no_nan(tf.reduce_sum(tf.where(included, values, 0.0)), count)
