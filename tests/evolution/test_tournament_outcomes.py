"""Which siblings are tied, what a tournament decided, and by how much."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.individual import Origin, single_parent
from egan_tf.evolution.outcome import outcome_of, own_objectives, preferring_own, tie_tolerance
from egan_tf.evolution.selection import fittest

EPS = float(np.finfo(np.float32).eps)


def origins(parents: int, objectives: int) -> Origin:
    count = tf.range(objectives)
    return single_parent(tf.repeat(tf.range(parents), objectives), tf.tile(count, [parents]))


def test_rounding_is_relative_to_the_mean_size() -> None:
    viable = tf.constant([True, True, False])
    tolerance = tie_tolerance(tf.constant([0.4, 0.6, np.nan]), tf.constant([0.1, 0.1, np.nan]), viable)
    assert float(tolerance) == pytest.approx(16 * EPS * 0.5)
    tolerance = tie_tolerance(tf.constant([0.4, 0.6, np.nan]), tf.constant([-3.0, -5.0, np.nan]), viable)
    assert float(tolerance) == pytest.approx(16 * EPS * 4.0)
    assert float(tie_tolerance(tf.zeros([2]), tf.zeros([2]), tf.constant([False, False]))) == 0.0


def survivors(fitness: list[float], own: list[int], size: int, tolerance: float = 0.01) -> list[int]:
    values = tf.constant(fitness)
    viable, children = tf.math.is_finite(values), origins(len(own), len(fitness) // len(own))
    own_positions = own_objectives(Origin(tf.zeros([len(own), 2], tf.int64), tf.constant(own, tf.int64)))
    ranking = preferring_own(values, viable, children, own_positions, tf.constant(tolerance))
    return fittest(ranking, viable, size).numpy().tolist()


@pytest.mark.parametrize(
    ("fitness", "own", "expected"),
    [
        ([0.5, 0.501, 0.499], [2], [2]),
        ([0.5, 0.501, 0.499], [0], [0]),
        ([0.5, 0.501, 0.499], [-1], [0]),  # the initial population: the first objective
        ([0.5, 0.6, 0.499], [0], [1]),
        ([0.5, 0.5, 0.5], [1], [1]),
        ([0.5, 0.5, 0.6], [1], [2]),
        ([np.nan, 0.5, 0.501], [0], [2]),  # its own child is not viable
        ([-0.5, -0.501, -0.499], [1], [1]),
        ([0.0, 0.0, 0.0], [2], [2]),
    ],
)
def test_ties_keep_the_lines_objective(fitness: list[float], own: list[int], expected: list[int]) -> None:
    assert survivors(fitness, own, 1) == expected


def test_ties_of_two_lines_keep_each_lines_objective_and_not_the_line() -> None:
    # The children of line 0 are far fitter; within it, objective 1 is its own, and tied.
    assert survivors([0.9, 0.895, 0.1, 0.5, 0.501, 0.2], [1, 0], 2) == [1, 0]
    # Line 1 wins by less than a tie: only siblings are tied.
    assert survivors([0.5, 0.1, 0.505, 0.1], [0, 0], 2) == [2, 0]


def outcome_by_loop(
    fitness: np.ndarray, parents: np.ndarray, chosen: list[int], retained: list[bool], tolerance: float
) -> tuple[float, list[bool]]:
    spreads, decided = [0.0], []
    for position, kept in zip(chosen, retained, strict=True):
        siblings = [f for f, p in zip(fitness, parents, strict=True) if p == parents[position] and np.isfinite(f)]
        others = [
            f
            for i, (f, p) in enumerate(zip(fitness, parents, strict=True))
            if p == parents[position] and i != position and np.isfinite(f)
        ]
        spreads.append(0.0 if kept or not siblings else max(siblings) - min(siblings))
        decided.append(not kept and all(fitness[position] - other > tolerance for other in others))
    return max(spreads), decided


@pytest.mark.parametrize("seed", range(4))
def test_outcomes_as_in_a_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    size, objectives = 3, 4
    fitness = random.normal(size=size * objectives).astype("float32").round(1)
    fitness[random.integers(0, 12, 3)] = np.nan
    children, viable = origins(size, objectives), np.isfinite(fitness)
    ranked = fittest(tf.constant(fitness), tf.constant(viable), size).numpy()
    chosen, retained = np.minimum(ranked, 11), ranked >= 12
    errors = random.uniform(size=12).astype("float32")
    found = outcome_of(
        tf.constant(fitness), tf.constant(viable), tf.constant(errors), children, tf.constant(chosen),
        tf.constant(retained), tf.constant(0.05),
    )  # fmt: skip
    spread, decided = outcome_by_loop(fitness, children.parents[:, 0].numpy(), chosen.tolist(), retained.tolist(), 0.05)
    assert float(found.spread) == pytest.approx(spread)
    assert found.decided.numpy().tolist() == decided
    assert float(found.error) == pytest.approx(errors[viable].mean(), rel=1e-5)


@pytest.mark.parametrize(("objectives", "decided"), [(1, False), (2, True)])
def test_an_only_child_decides_nothing_and_the_only_viable_one_does(objectives: int, decided: bool) -> None:
    fitness = tf.constant([0.5, np.nan][:objectives])
    found = outcome_of(
        fitness,
        tf.math.is_finite(fitness),
        tf.fill([objectives], 0.1),
        origins(1, objectives),
        tf.constant([0]),
        tf.constant([False]),
        tf.constant(0.0),
    )
    assert (float(found.spread), bool(found.decided[0])) == (0.0, decided)


def test_without_viable_children_nothing_is_decided() -> None:
    nothing = tf.fill([2], np.nan)
    found = outcome_of(
        nothing,
        tf.constant([False, False]),
        nothing,
        origins(1, 2),
        tf.constant([1]),
        tf.constant([True]),
        tf.constant(0.0),
    )
    assert (float(found.spread), float(found.error), bool(found.decided[0])) == (0.0, 0.0, False)
    assert not bool(found.material)
