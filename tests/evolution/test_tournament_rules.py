"""When tournaments are held and what they have decided: pure functions, against closed forms and plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution import bandit
from egan_tf.evolution.cotangents import difference, logit_cotangents
from egan_tf.evolution.objectives import OBJECTIVES
from egan_tf.evolution.outcome import Outcome
from egan_tf.evolution.schedule import Schedule, after_plain, after_tournament, initial_schedule
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.tournaments import (
    AUTO,
    MATERIAL_DIFFERENCE,
    MATERIAL_SPREAD,
    MAX_INTERVAL,
    TournamentRule,
    tournament_rule,
)
from tests.evolution.networks import points

EPS = float(np.finfo(np.float32).eps)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("always", TournamentRule("always")),
        ("auto", TournamentRule("backoff")),
        ("auto:angle", TournamentRule("angle")),
        ("auto:backoff", TournamentRule("backoff")),
        ("bandit", TournamentRule("bandit")),
        ("every:1", TournamentRule("every", 1)),
        ("every:250", TournamentRule("every", 250)),
    ],
)
def test_values_of_the_setting(text: str, rule: TournamentRule) -> None:
    assert tournament_rule(text) == rule
    assert EvolutionSettings(tournaments=text).tournaments == text


@pytest.mark.parametrize(
    "value",
    ["", "never", "Auto", "auto:", "auto:other", "every", "every:0", "every:-1", "every:2.5", "every:9999999999"],
)
def test_other_values_are_refused(value: str) -> None:
    with pytest.raises(InputError, match="^tournaments: must be always, auto, .* or every:K") as error:
        EvolutionSettings(tournaments=value)
    assert "\n" not in str(error.value)


def test_the_default_is_the_papers() -> None:
    assert EvolutionSettings().tournaments == "always"
    assert EvolutionSettings().slots == "lineage"
    assert EvolutionSettings().fitness == "egan"


# -- the schedule ------------------------------------------------------------------------------------------------------


def held(text: str, generations: int, material: Any = lambda n: False, **others: Any) -> list[int]:
    """The generations, from 0, in which tournaments are held, by calling the functions in a loop."""
    rule = tournament_rule(text)
    state = Schedule(*map(tf.constant, initial_schedule(rule)))
    apart, failed = others.get("apart", lambda n: 0.0), others.get("failed", lambda n: False)
    found = []
    for n in range(generations):
        if int(state.remaining) <= 0:
            found.append(n)
            state = after_tournament(rule, state, tf.constant(material(n)), tf.constant(apart(n)))
        else:
            state = after_plain(rule, state, tf.constant(failed(n)), tf.constant(apart(n)))
    return found


@pytest.mark.parametrize("every", [1, 2, 7])
def test_every_k_is_the_last_of_each_k_generations(every: int) -> None:
    assert held(f"every:{every}", 30) == [n for n in range(30) if (n + 1) % every == 0]


def test_a_k_beyond_the_run_is_no_tournament_at_all() -> None:
    assert held("every:1000", 999) == []


def test_backoff_doubles_the_wait_up_to_its_limit() -> None:
    waits = np.diff(held("auto:backoff", 600))
    assert waits[:8].tolist() == [2, 4, 8, 16, 32, 64, 64, 64]
    assert max(waits) == MAX_INTERVAL


def test_backoff_goes_back_to_every_generation_after_a_tournament_that_decided() -> None:
    found = held("auto:backoff", 100, material=lambda n: 14 <= n < 20)
    # Immaterial ones at 0, 2 and 6, then 14 to 19 decide, and 20 is the first that does not.
    assert found == [0, 2, 6, 14, 15, 16, 17, 18, 19, 20, 22, 26, 34, 50, 82]


def test_a_tournament_that_always_decides_is_held_in_every_generation() -> None:
    assert held("auto:backoff", 20, material=lambda n: True) == list(range(20))


def test_the_constants_are_those_of_the_document() -> None:
    """docs/evolution.md: two standard errors, half of a length, 64 generations; 25, 0.95 and 0.6 of the bandit."""
    assert (AUTO, MATERIAL_SPREAD, MATERIAL_DIFFERENCE, MAX_INTERVAL) == ("backoff", 2.0, 0.5, 64)
    assert (bandit.HORIZON, bandit.DISCOUNT, bandit.EXPLORATION) == (25, 0.95, 0.6)


def test_a_child_that_is_not_finite_calls_a_tournament_at_once() -> None:
    assert held("auto:backoff", 32, failed=lambda n: n == 17) == [0, 2, 6, 14, 18]
    assert held("auto:angle", 12, failed=lambda n: n == 5) == [0, 6]
    assert held("every:8", 12, failed=lambda n: n == 2) == [7]


@pytest.mark.parametrize("apart", [MATERIAL_DIFFERENCE + 0.01, math.nan, math.inf])
def test_the_angle_calls_a_tournament_for_the_next_generation(apart: float) -> None:
    assert held("auto:angle", 10, apart=lambda n: apart if n in (3, 4, 8) else 0.0) == [0, 4, 5, 9]


def test_material_is_a_spread_above_the_error() -> None:
    decided = tf.constant([True])
    for spread, expected in ((0.011, True), (0.009, False), (math.nan, False)):
        outcome = Outcome(tf.constant(spread), tf.constant(0.01 / MATERIAL_SPREAD), decided)
        assert bool(outcome.material) is expected


# -- cotangents --------------------------------------------------------------------------------------------------------

PAPERS = [OBJECTIVES[name] for name in ("minimax", "heuristic", "least_squares")]


def test_the_papers_slopes() -> None:
    logits = tf.constant([[-3.0], [0.0], [2.0]])
    p = tf.sigmoid(logits)
    expected = [-0.5 * p / 3, -0.5 * (1 - p) / 3, -2 * p * (1 - p) ** 2 / 3]
    np.testing.assert_allclose(logit_cotangents(PAPERS, logits, None), tf.stack(expected), rtol=1e-5)


def test_at_balance_the_objectives_are_one() -> None:
    cotangents = logit_cotangents(PAPERS, tf.zeros([16, 1]), None)
    assert float(difference(cotangents, True)) < 1e-6
    assert float(difference(cotangents, False)) < 1e-6


def test_equal_logits_differ_in_scale_alone() -> None:
    """minimax ∝ p and heuristic ∝ 1 − p: at p = ¼ one is three times the other."""
    cotangents = logit_cotangents(PAPERS[:2], tf.fill([16, 1], math.log(1 / 3)), None)
    assert float(difference(cotangents, True)) < 1e-6
    assert float(difference(cotangents, False)) == pytest.approx(2 / 3, rel=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1e-30])
def test_the_angle_of_two_cotangents(scale: float) -> None:
    angle = 0.7
    pair = scale * np.array([[1.0, 0.0], [3 * np.cos(angle), 3 * np.sin(angle)]], "float32")[:, :, None]
    assert float(difference(tf.constant(pair), True)) == pytest.approx(2 * math.sin(angle / 2), rel=1e-5)
    apart = math.hypot(3 * math.cos(angle) - 1, 3 * math.sin(angle)) / 3
    assert float(difference(tf.constant(pair), False)) == pytest.approx(apart, rel=1e-5)


def test_where_the_discriminator_has_won_the_objectives_point_apart() -> None:
    """minimax ∝ p listens to the few samples that D takes for real, heuristic ∝ 1 − p to all others."""
    logits = tf.concat([tf.fill([15, 1], -9.0), [[3.0]]], axis=0)
    assert float(difference(logit_cotangents(PAPERS[:2], logits, None), True)) > 1.0


def test_an_objective_that_is_broken_is_not_alike() -> None:
    cotangents = tf.constant([[[1.0]], [[np.nan]]])
    assert not float(difference(cotangents, True)) <= MATERIAL_DIFFERENCE


# -- what goes together ------------------------------------------------------------------------------------------------


class Copying:
    """An operator that names no objective."""

    names = ("copy",)

    def count(self, population_size: int) -> int:
        return population_size

    def __call__(self, context: Any, parents: Any) -> Any:
        return parents


@pytest.mark.parametrize("settings", [{"tournaments": "auto"}, {"tournaments": "bandit"}, {"slots": "objective"}])
@pytest.mark.parametrize(
    ("operators", "says"),
    [(("mutation", "crossover"), "crossover names none"), ((Copying(),), "copying names none")],
    ids=["crossover", "of the user"],
)
def test_operators_without_an_objective_are_refused(settings: dict[str, str], operators: Any, says: str) -> None:
    (field,) = settings
    with pytest.raises(InputError, match=f"^{field}: .*{says}; take operators=\\('mutation',\\), or {field}=") as error:
        EGAN(*points(), operators=operators, **settings)
    assert "\n" not in str(error.value)
