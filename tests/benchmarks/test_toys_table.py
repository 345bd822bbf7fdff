"""The statistics of the toy table, on numbers that are easy to compute by hand."""

from __future__ import annotations

import pytest

from benchmarks.methods import METHODS
from benchmarks.toys import generations_of
from benchmarks.toys_table import interval, markdown, paired, summarize, with_new_names


def rows(method: str, shares: list[float], budget: str = "updates") -> list[dict]:
    return [
        {
            "dataset": "ring8",
            "r1_weight": 0.0,
            "budget": budget,
            "method": method,
            "seed": seed,
            "generations": 100,
            "seconds": 1.0 + seed,
            "modes_covered": 8.0 - seed,
            "high_quality_share": share,
            "mode_divergence": 0.5,
        }
        for seed, share in enumerate(shares)
    ]


def test_interval_is_students():
    # t(0.975, 2 degrees) = 4.30265, the deviation is 1, of three values.
    assert interval([1.0, 2.0, 3.0]) == {"mean": 2.0, "half_width": pytest.approx(4.30265 / 3**0.5, rel=1e-2)}
    assert interval([0.5])["half_width"] == float("inf")


def test_paired_differences_are_seed_by_seed():
    found = paired(rows("egan", [0.5, 0.7, 0.9]), rows("minimax", [0.4, 0.61, 0.79])[::-1])
    assert found["mean"] == pytest.approx(0.1) and 0 < found["half_width"] < 0.1
    # Differences 1, 2, 3: t = 2 / (1 / √3) = 3.4641, two-sided p with 2 degrees of freedom 0.0742.
    assert paired(rows("egan", [1.0, 2.0, 3.0]), rows("minimax", [0.0] * 3))["p"] == pytest.approx(0.0742, abs=5e-4)
    assert paired(rows("egan", [0.5, 0.7]), rows("minimax", [0.5, 0.7]))["p"] == 1.0


def test_the_best_single_objective_is_chosen_within_a_setting():
    one = [*rows("egan", [0.5, 0.7]), *rows("minimax", [0.9, 0.8]), *rows("heuristic", [0.1, 0.2])]
    other = [*rows("egan", [0.5, 0.7], "time"), *rows("heuristic", [0.3, 0.6], "time")]
    table = {(row["budget"], row["method"]): row for row in summarize(one + other, ["best_single", "egan"])}
    assert table["updates", "egan"]["best_single"] == "minimax"
    assert table["time", "egan"]["best_single"] == "heuristic"
    assert table["updates", "egan"]["less_best_single"]["mean"] == pytest.approx(-0.25)
    assert table["updates", "minimax"]["less_egan"]["mean"] == pytest.approx(0.25)
    assert table["updates", "egan"]["modes"] == [7.0, 7.5, 8.0] and table["updates", "egan"]["least_share"] == 0.5
    assert "less_best_single" not in table["updates", "minimax"]


def test_budget_counts_optimizer_steps_of_generators():
    assert {name: METHODS[name].updates for name in ("egan", "minimax", "population_4", "steps_25", "islands_100")} == {
        "egan": 3,
        "minimax": 1,
        "population_4": 12,
        "steps_25": 75,
        "islands_100": 3,
    }
    assert generations_of(3, 20_000) == 6600 and generations_of(1, 20_000) == 20_000
    assert generations_of(300, 20_000) == 60


def test_markdown_has_a_column_for_each_rival():
    table = summarize([*rows("egan", [0.5, 0.7]), *rows("minimax", [0.9, 0.8])], ["best_single", "random"])
    lines = markdown(table, ["best_single", "random"]).splitlines()
    assert lines[0] == "**ring8, R1 0, equal updates, 2 seeds; best single: minimax**"
    (egan,) = (line for line in lines if line.startswith("| egan"))
    assert egan.count("|") == lines[2].count("|") == 10
    assert "-0.2500 ± 1.9100, p 0.34" in egan


def test_rows_of_version_0_1_0_are_read():
    (new,) = rows("egan", [0.5])
    old = {"r1" if name == "r1_weight" else name: value for name, value in new.items()}
    old["share_within_3_sigma"] = old.pop("high_quality_share")
    assert with_new_names(old) == with_new_names(new) == new
