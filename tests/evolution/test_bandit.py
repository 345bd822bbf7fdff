"""The bandit against closed forms and a plain loop, and in training."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.bandit import (
    DISCOUNT,
    EXPLORATION,
    HORIZON,
    Bandit,
    after_generation,
    best_arm,
    energy_distance,
    fall,
    initial_bandit,
)
from tests.evolution.test_plain_generations import counted, evolve, made


@pytest.mark.parametrize(
    ("before", "after", "reward"),
    [(2.0, 1.0, 0.5), (1.0, 2.0, -0.5), (3.0, 3.0, 0.0), (1.0, 0.0, 1.0), (0.0, 0.0, 0.0), (1.0, math.nan, -1.0)],
)
def test_rewards(before: float, after: float, reward: float) -> None:
    assert float(fall(tf.constant(before), tf.constant(after))) == reward


def test_arms_that_were_never_played_come_first() -> None:
    assert int(best_arm(tf.constant([3.0, 0.0, 0.0]), tf.constant([3.0, 0.0, 0.0]))) == 1
    assert int(best_arm(tf.zeros([3]), tf.zeros([3]))) == 0


def test_the_energy_distance() -> None:
    assert float(energy_distance(tf.zeros([1, 2]), tf.constant([[3.0, 4.0]]))) == pytest.approx(10.0)
    assert float(energy_distance(tf.ones([4, 2, 2, 1]), tf.ones([4, 2, 2, 1]))) == 0.0
    random = np.random.default_rng(0)
    x, y = random.normal(size=(20, 3)), random.normal(1, 2, size=(15, 3))

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean([np.linalg.norm(one - other) for one in a for other in b]))

    expected = 2 * mean(x, y) - mean(x, x) - mean(y, y)
    found = energy_distance(tf.constant(x, tf.float32), tf.constant(y, tf.float32))
    assert float(found) == pytest.approx(expected, rel=1e-3)


def test_discounted_ucb_as_in_a_loop() -> None:
    """Arm 1 is the best at first, arm 2 from the 60th horizon on."""
    random, arms = np.random.default_rng(1), 3
    state = Bandit(*map(tf.constant, initial_bandit(arms)))
    step = tf.function(lambda state, distance: after_generation(Bandit(*state), lambda: distance))
    history: list[tuple[int, float]] = []
    played, distance = [], 1.0
    for horizon in range(120):
        for generation in range(HORIZON if horizon else 1):
            last = generation == (HORIZON - 1 if horizon else 0)
            if last:
                arm = int(state.arm)
                before, distance = distance, float(np.exp(random.normal(0, 0.05)))
                if horizon:
                    distance *= 0.8 if arm == (1 if horizon < 60 else 2) else 1.0
                    history.append((arm, float(np.clip((before - distance) / max(before, distance), -1, 1))))
                    played.append(arm)
            state = step(state, tf.constant(distance if last else np.nan, tf.float32))
        age = range(len(history) - 1, -1, -1)
        counts = [sum(DISCOUNT**a for a, (arm, _) in zip(age, history, strict=True) if arm == i) for i in range(arms)]
        sums = [sum(DISCOUNT**a * r for a, (arm, r) in zip(age, history, strict=True) if arm == i) for i in range(arms)]
        np.testing.assert_allclose(state.counts, counts, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(state.rewards, sums, rtol=1e-3, atol=1e-4)
        if min(counts) == 0:
            assert int(state.arm) == counts.index(0)
        else:
            root = [2 * math.sqrt(EXPLORATION * math.log(sum(counts)) / n) for n in counts]
            bounds = [s / n + r for s, n, r in zip(sums, counts, root, strict=True)]
            assert int(state.arm) == int(np.argmax(bounds))
    assert set(played) == {0, 1, 2}


def test_training_plays_every_objective_for_a_horizon_and_holds_no_tournament() -> None:
    egan = made(tournaments="bandit", population_size=2, steps=10)
    arms = []
    for _ in range(8):
        evolve(egan, 10)
        arms.append(egan.population.lineage.operator.numpy().tolist())
    assert arms == [[0, 0]] * 2 + [[1, 1]] * 3 + [[2, 2]] * 2 + [[arms[-1][0]] * 2]
    assert counted(egan) == {}
    bandit = egan.population.bandit
    assert np.isfinite(float(bandit.distance)) and float(bandit.distance) > 0
    expected = [DISCOUNT**2, DISCOUNT, 1.0]
    np.testing.assert_allclose(bandit.counts, expected, rtol=1e-5)
    assert egan.population.selection_counts.numpy()[:3].sum() == 2 * 80
