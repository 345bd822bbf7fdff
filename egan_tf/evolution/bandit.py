"""A bandit in place of tournaments: which objective the only child of each line grows by. Pure functions.

An arm is an objective, played for a horizon of generations by all lines. Its reward is by how much a two-sample
distance between generated and real samples has fallen, a number that the discriminator has no part in. The arm of the
next horizon is that of the highest upper confidence bound over discounted rewards (D-UCB: Garivier and Moulines 2011,
"On upper-confidence bound policies for switching bandit problems", section 2), because the best objective changes as
training proceeds. SMO-EGAN (Baioletti et al. 2020) chooses one mutation per parent by a bandit, too. Nothing is drawn
at random.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from egan_tf.evolution import replicas

HORIZON = 25
"""Generations that an objective is played for: a single step moves the distance less than its sampling error."""
DISCOUNT = 0.95
"""Of counts and rewards, per horizon: 20 horizons, or 500 generations, are remembered."""
EXPLORATION = 0.6
"""ξ of the bound, as in the experiments of Garivier and Moulines."""


class Bandit(NamedTuple):
    """The state of the bandit.

    Attributes:
        arm: int64 scalar, the position of the objective that is played.
        remaining: int64 scalar, generations of its horizon after this one.
        counts: float32 [objectives], discounted numbers of horizons.
        rewards: float32 [objectives], discounted sums of rewards.
        distance: float32 scalar, at the end of the last horizon; NaN before the first.
    """

    arm: tf.Tensor
    remaining: tf.Tensor
    counts: tf.Tensor
    rewards: tf.Tensor
    distance: tf.Tensor


def initial_bandit(objectives: int) -> list[np.ndarray]:
    """The values of `Bandit` before the first generation, which only measures where training starts from."""
    zeros = np.zeros(objectives, "float32")
    return [np.zeros([], "int64"), np.zeros([], "int64"), zeros, zeros, np.full([], np.nan, "float32")]


def after_generation(bandit: Bandit, measure: Callable[[], tf.Tensor]) -> Bandit:
    """The state after a generation; at the end of a horizon the next arm is chosen.

    Args:
        bandit: the state during the generation.
        measure: gives the distance between generated and real samples, float32 scalar; called at the end of a horizon.
    """
    return tf.cond(
        bandit.remaining > 0,
        lambda: bandit._replace(remaining=bandit.remaining - 1),
        lambda: _next_horizon(bandit, measure()),
    )


def _next_horizon(bandit: Bandit, distance: tf.Tensor) -> Bandit:
    played = tf.one_hot(bandit.arm, bandit.counts.shape[0])
    # The generation before the first horizon has measured only.
    counted = tf.math.is_finite(bandit.distance)
    counts = tf.where(counted, DISCOUNT * bandit.counts + played, bandit.counts)
    reward = fall(bandit.distance, distance)
    rewards = tf.where(counted, DISCOUNT * bandit.rewards + played * reward, bandit.rewards)
    # After a distance that is not finite the next horizon has nothing to compare with, and does not count.
    return Bandit(best_arm(counts, rewards), tf.constant(HORIZON - 1, tf.int64), counts, rewards, distance)


def fall(before: tf.Tensor, after: tf.Tensor) -> tf.Tensor:
    """The reward (before − after) / max(before, after), float32 scalar in [−1, 1]; −1 if `after` is not finite."""
    reward = tf.math.divide_no_nan(before - after, tf.maximum(before, after))
    return tf.where(tf.math.is_finite(after), tf.clip_by_value(reward, -1.0, 1.0), -1.0)


def best_arm(counts: tf.Tensor, rewards: tf.Tensor) -> tf.Tensor:
    """The arm of the highest bound r_i / n_i + 2B·√(ξ log n / n_i), with n = Σ n_i and B = 1; int64 scalar.

    Arms that were never played come first, in their order.

    Args:
        counts: float32 [arms], n_i.
        rewards: float32 [arms], r_i.
    """
    total = tf.maximum(tf.reduce_sum(counts), 1.0)
    bounds = rewards / counts + 2.0 * tf.sqrt(EXPLORATION * tf.math.log(total) / counts)
    return tf.argmax(tf.where(counts > 0.0, bounds, np.inf))


def energy_distance(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """2·E|x − y| − E|x − x′| − E|y − y′|, float32 scalar of at least 0 (Székely and Rizzo 2013, equation 5).

    The plain means over all pairs. Equal pairs bias it by a term that depends on the numbers of samples, which do not
    change.

    Args:
        real: [n, ...].
        fake: [m, ...].
    """
    one, other = (tf.reshape(tf.cast(samples, tf.float32), [samples.shape[0], -1]) for samples in (real, fake))
    between, among, between_fakes = (
        tf.reduce_mean(_distances(*pair)) for pair in ((one, other), (one, one), (other, other))
    )
    return tf.maximum(2.0 * between - among - between_fakes, 0.0)


def distance_fn(real: tf.Tensor, fake: tf.Tensor) -> Callable[[], tf.Tensor]:
    """Computes the distance when it is called; on several replicas that of all their samples.

    Args:
        real: [n, ...], of this replica.
        fake: [m, ...], of this replica.
    """
    if replicas.count() == 1:
        return lambda: energy_distance(real, fake)
    # Before it is needed, as replicas cannot talk inside of a condition.
    distance = replicas.mean(energy_distance(replicas.all_rows(real), replicas.all_rows(fake)))
    return lambda: distance


def _distances(one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    squares = tf.reduce_sum(one**2, axis=1)[:, None] + tf.reduce_sum(other**2, axis=1)[None]
    return tf.sqrt(tf.maximum(squares - 2.0 * tf.matmul(one, other, transpose_b=True), 0.0))
