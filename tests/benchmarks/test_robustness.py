"""The statistics of the study of robustness, and what makes its settings comparable."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import tournament_toys as toys
from benchmarks.methods import METHODS, ROBUSTNESS
from benchmarks.robustness import cost_name, drawn
from benchmarks.robustness_table import holm, mcnemar, table, wilson


def row(setting: int, method: str, value: float | None) -> dict[str, object]:
    return {
        "setting": setting,
        "method": method,
        "frechet_distance": value,
        "generations": 10,
        "tournaments": 4,
        "decided": 1,
    }


def test_success_is_near_the_best_and_below_a_level() -> None:
    values = {"auto": [1.0, 5.0, 0.2, 1.9], "egan": [1.6, 4.0, 0.1, float("nan")]}
    found = table([row(s, m, v) for m, all_ in values.items() for s, v in enumerate(all_)], "auto")
    assert found["auto"]["success"] == 0.5 and found["egan"]["success"] == 0.25
    # ln 1, ln(5/4), ln 2, ln 1
    assert found["auto"]["median_log_regret"] == pytest.approx(np.log(1.25) / 2, abs=1e-3)
    assert found["auto"]["tournaments"] == 0.4 and found["auto"]["decided"] == 0.1
    # Three settings in which one succeeds alone, two of them auto: p = 2 · (1 + 3) / 8, at most 1.
    assert found["egan"]["p"] == 1.0 and found["egan"]["focus_higher_by"] == 0.25 and "p" not in found["auto"]


def test_a_method_is_compared_with_the_mean_of_the_objectives() -> None:
    values = {"auto": [1.0] * 10, "never_heuristic": [1.0] * 10, "never_minimax": [1.0] * 4 + [None] * 6}
    values["never_least_squares"] = [1.0] * 7 + [9.0] * 3
    values["relativistic"] = [0.1] * 10
    found = table([row(s, m, v) for m, all_ in values.items() for s, v in enumerate(all_)], "auto")
    assert found["relativistic"]["success"] == 1.0 and found["auto"]["success"] == 0.0
    assert found["auto"]["success_logistic"] == 1.0
    found = table(
        [row(s, m, v) for m, all_ in values.items() for s, v in enumerate(all_) if m != "relativistic"], "auto"
    )
    assert [found[name]["success"] for name in values if name in found] == [1.0, 1.0, 0.4, 0.7]
    mean = found["mean_of_singles"]
    assert mean["success"] == 0.7 and mean["focus_higher_by"] == 0.3
    # Six settings differ, by 1/3 or 2/3: the same sign in all by chance in 2 of 64.
    assert mean["p_signs"] == pytest.approx(2 / 64, abs=0.006)
    low, high = mean["focus_higher_by_95"]
    assert 0.1 <= low < 0.3 < high <= 0.5
    assert found["never_minimax"]["p"] == pytest.approx(2 / 2**6, abs=1e-4)
    assert found["never_minimax"]["p_holm"] == pytest.approx(3 * 2 / 2**6, abs=1e-3)
    assert found["never_heuristic"]["p_regret"] == 1.0 and found["never_minimax"]["p_regret"] < 0.05
    assert found["never_minimax"]["p_regret_holm"] == pytest.approx(3 * found["never_minimax"]["p_regret"], abs=1e-3)
    assert found["never_least_squares"]["factor_mean"] == pytest.approx(9**0.3, abs=1e-3)
    assert (found["never_least_squares"]["factor_largest"], found["auto"]["factor_largest"]) == (9.0, 1.0)
    assert (found["never_minimax"]["above_10_times"], found["never_least_squares"]["above_10_times"]) == (6, 0)


def test_exact_tests_and_intervals() -> None:
    one, other = np.array([True] * 6 + [False] * 4), np.array([False] * 6 + [False] * 4)
    assert mcnemar(one, other) == pytest.approx(2 / 2**6)
    assert mcnemar(one, one) == 1.0
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    # 8 of 10, as in any table of Wilson's intervals.
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)


def test_settings_are_functions_of_their_number_and_cover_what_the_study_names() -> None:
    settings = [drawn(number) for number in range(200)]
    assert settings == [drawn(number) for number in range(200)]
    assert {setting.steps for setting in settings} == {1, 3, 5}
    assert {setting.normalization for setting in settings} == {"none", "batch"}
    assert {setting.r1_weight for setting in settings} == {0.0, 0.1}
    rates = np.log10([setting.optimizer["generator_learning_rate"] for setting in settings])
    assert -4 <= rates.min() < -3.9 and -2.1 < rates.max() <= -2


def test_every_method_is_a_known_one() -> None:
    assert set(ROBUSTNESS) <= set(METHODS)


def test_methods_share_a_price_only_if_they_keep_the_same_states() -> None:
    for name, method in METHODS.items():
        priced = METHODS[cost_name(name)]  # which is timed, and so must exist
        assert priced.settings.get("slots") == method.settings.get("slots"), name
        assert priced.settings.get("discriminator_loss") == method.settings.get("discriminator_loss"), name
    assert cost_name("auto_random_slots") == cost_name("auto_logit_slots") != cost_name("auto_logit")
    assert toys.cost_name("bandit_slots") not in (toys.cost_name("bandit"), toys.cost_name("slots"))
    assert toys.cost_name("auto_logit_slots") == toys.cost_name("slots")
