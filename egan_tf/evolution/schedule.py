"""Whether the next generation holds a tournament: the rules of `tournaments.py` as pure functions of a small state."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from egan_tf.evolution.tournaments import MATERIAL_DIFFERENCE, MAX_INTERVAL, TournamentRule


class Schedule(NamedTuple):
    """The state of a rule, int64 scalars, written at the end of a generation for the next one.

    Attributes:
        remaining: generations before the next tournament; 0 if the next generation holds one.
        interval: generations from the last tournament to the next.
    """

    remaining: tf.Tensor
    interval: tf.Tensor


def initial_schedule(rule: TournamentRule) -> list[np.ndarray]:
    """The values of `Schedule` before the first generation; none if every generation is a tournament, or none is.

    `auto` starts with a tournament, `every:K` with K − 1 generations without one, so that a K of more than the run's
    generations means none at all.
    """
    fixed = rule.always or rule.kind == "bandit"
    return [] if fixed else [np.asarray(rule.every - 1, "int64"), np.asarray(rule.every, "int64")]


def after_tournament(rule: TournamentRule, schedule: Schedule, material: tf.Tensor, difference: tf.Tensor) -> Schedule:
    """The state after a generation with a tournament.

    Args:
        rule: when tournaments are held.
        schedule: the state before the generation.
        material: bool scalar, whether the spread of F was larger than chance; see `outcome.Outcome`.
        difference: float32 scalar, of the objectives' cotangents; see `cotangents.difference`.
    """
    if rule.kind == "angle":
        return _by_angle(difference)
    if rule.kind == "every":
        return Schedule(tf.constant(rule.every - 1, tf.int64), tf.constant(rule.every, tf.int64))
    doubled = tf.minimum(2 * schedule.interval, MAX_INTERVAL)
    interval = tf.where(material, tf.ones_like(doubled), doubled)
    return Schedule(interval - 1, interval)


def after_plain(rule: TournamentRule, schedule: Schedule, failed: tf.Tensor, difference: tf.Tensor) -> Schedule:
    """The state after a generation without a tournament.

    Args:
        rule: when tournaments are held.
        schedule: the state before the generation.
        failed: bool scalar, whether a child was not finite. `auto` then lets the other objectives try at once.
        difference: float32 scalar, as in `after_tournament`.
    """
    if rule.kind == "every":
        return schedule._replace(remaining=schedule.remaining - 1)
    after = _by_angle(difference) if rule.kind == "angle" else schedule._replace(remaining=schedule.remaining - 1)
    return after._replace(remaining=tf.where(failed, tf.zeros_like(after.remaining), after.remaining))


def _by_angle(difference: tf.Tensor) -> Schedule:
    """A tournament next, unless the cotangents are alike; what is not finite is not alike."""
    remaining = tf.cast(difference <= MATERIAL_DIFFERENCE, tf.int64)
    return Schedule(remaining, remaining + 1)
