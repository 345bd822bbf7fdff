"""The objectives against their formulas, in float64 and where float32 sigmoids saturate."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES
from egan_tf.evolution.losses import logistic
from egan_tf.evolution.objectives import takes_real_logits

LOGITS = np.array([[-3.0], [-0.5], [0.0], [2.0]])
REAL = np.array([[1.0], [-2.0], [0.5], [3.0]])
P = 1 / (1 + np.exp(-LOGITS))

FORMULAS = {
    "minimax": 0.5 * np.mean(np.log(1 - P)),
    "heuristic": -0.5 * np.mean(np.log(P)),
    "least_squares": np.mean((P - 1) ** 2),
    "least_squares_logit": np.mean((LOGITS - 1) ** 2),
    "hinge": -np.mean(LOGITS),
    "wasserstein": -np.mean(LOGITS),
    "relativistic": np.mean(np.log1p(np.exp(REAL - LOGITS))),
}


def value_of(name: str, fake: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    objective = OBJECTIVES[name]
    return objective(fake, real) if takes_real_logits(objective) else objective(fake)


def test_every_registered_mutation_has_its_formula_here() -> None:
    assert set(FORMULAS) == set(OBJECTIVES)


@pytest.mark.parametrize("name", FORMULAS)
def test_value(name: str) -> None:
    value = value_of(name, tf.constant(LOGITS, tf.float32), tf.constant(REAL, tf.float32))
    np.testing.assert_allclose(value, FORMULAS[name], rtol=1e-6)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("extreme", [-200.0, 200.0])
def test_value_and_gradient_stay_finite_where_probabilities_round_to_zero_or_one(name: str, extreme: float) -> None:
    logits = tf.constant([[extreme]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = value_of(name, logits, -logits)
    assert np.isfinite(value)
    assert np.isfinite(tape.gradient(value, logits))


def test_heuristic_pulls_hard_where_minimax_has_given_up() -> None:
    logits = tf.constant([[-20.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        losses = {name: OBJECTIVES[name](logits) for name in ("heuristic", "minimax")}
    assert tape.gradient(losses["heuristic"], logits).numpy().item() == pytest.approx(-0.5)
    assert abs(tape.gradient(losses["minimax"], logits).numpy().item()) < 1e-8


def test_discriminator_loss_weighs_the_two_sides_alike_whatever_their_sizes() -> None:
    real, fake = np.array([[1.0], [2.0], [-1.0]]), np.array([[0.5]])
    expected = np.mean(np.log1p(np.exp(-real))) + np.mean(np.log1p(np.exp(fake)))
    value = logistic(tf.constant(real, tf.float32), tf.constant(fake, tf.float32))
    np.testing.assert_allclose(value, expected, rtol=1e-6)
