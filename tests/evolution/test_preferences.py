"""Which objective a measure of quality prefers, by the slopes that docs/evolution.md derives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES
from egan_tf.evolution.quality import batch_mean, quality

PAPER = ("minimax", "heuristic", "least_squares")
STEP = 1e-2
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "minimax": lambda p: p,
    "heuristic": lambda p: 1 - p,
    "least_squares": lambda p: p * (1 - p) ** 2,
}


def logits_around(mean: float) -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).normal(mean, 1.0, (256, 1)), tf.float32)


def descent(name: str, logits: tf.Tensor) -> np.ndarray:
    """The direction in which an objective moves the logits, of length 1."""
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = OBJECTIVES[name](logits)
    direction = -tape.gradient(loss, logits).numpy()
    return direction / np.linalg.norm(direction)


def ranking(measure: Callable[[tf.Tensor], tf.Tensor], mean: float) -> list[str]:
    """The objectives by how much their step, of the same length for all, raises a measure, the most first."""
    logits = logits_around(mean)
    gains = {name: float(measure(logits + STEP * descent(name, logits)) - measure(logits)) for name in PAPER}
    return sorted(gains, key=lambda name: -gains[name])


@pytest.mark.parametrize("mean", [-6.0, 0.0, 6.0])
@pytest.mark.parametrize("name", PAPER)
def test_cotangents_are_those_of_the_document(name: str, mean: float) -> None:
    logits = logits_around(mean)
    expected = SLOPES[name](tf.sigmoid(logits).numpy().astype(np.float64))
    np.testing.assert_allclose(descent(name, logits), expected / np.linalg.norm(expected), atol=1e-4)


@pytest.mark.parametrize("mean", [-8.0, -6.0, -4.0])
def test_where_the_discriminator_is_ahead_the_probability_ranks_heuristic_last_and_the_logit_first(mean: float) -> None:
    assert ranking(quality, mean)[-1] == "heuristic"
    assert ranking(batch_mean, mean)[0] == "heuristic"


def test_where_it_is_behind_the_logit_prefers_minimax_and_the_probability_does_not() -> None:
    assert ranking(batch_mean, 6.0)[0] == "minimax"
    assert ranking(quality, 6.0)[0] == "heuristic"


def test_at_balance_all_cotangents_are_alike() -> None:
    logits = tf.zeros([8, 1])
    for name in PAPER:
        np.testing.assert_allclose(descent(name, logits), np.full((8, 1), 8**-0.5), rtol=1e-6)
