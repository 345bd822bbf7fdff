"""Tables of metrics over seeds: means, tests, the winner, and runs that cannot count."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from egan_tf.report import compare_runs
from egan_tf.report.command import main
from egan_tf.report.comparison import Comparison
from tests.report.runs import config_of, evaluation, make_run, write_lines
from tests.report.sweeps import seed_run, sweep

GOOD, BAD = {s: [50 + s, 10 + s] for s in range(7)}, {s: [60 + s, 20 + 1.5 * s] for s in range(7)}


def table_of(comparison: Comparison, place: int = 0) -> dict[str, Any]:
    return comparison.to_dict()["metrics"][place]


def test_means_and_tests_of_seven_seeds(tmp_path: Path) -> None:
    table = table_of(compare_runs(sweep(tmp_path, {"heuristic": GOOD, "minimax": BAD})))
    one, other = table["groups"]
    values = np.array([found[-1] for found in GOOD.values()])
    half = stats.t.ppf(0.975, 6) * stats.sem(values)
    assert one["last"] == {"value": pytest.approx(13.0), "half_width": pytest.approx(half), "n": 7}
    assert (one["generation"], one["seeds"]["3"]) == (20, {"last": 13.0, "best": 13.0})
    assert (table["higher_is_better"], table["test"], table["winner"]) == (False, "signed rank", one["group"])
    (pair,) = table["comparisons"]
    assert (pair["first"], pair["second"], pair["n"]) == (one["group"], other["group"], 7)
    assert pair["difference"]["value"] == pytest.approx(13.0 - 24.5)
    assert pair["p"] == pair["p_holm"] == pair["smallest_signed_rank_p"] == pytest.approx(2.0**-6)


@pytest.mark.parametrize(
    ("metric", "best", "winner"), [("precision", 10.0, "heuristic"), ("mode_divergence", 2.0, "x")]
)
def test_the_direction_of_the_metric_decides(tmp_path: Path, metric: str, best: float, winner: str) -> None:
    high = {s: [10.0 + s, 8.0 + 2 * s] for s in range(7)}
    low = {s: [2.0 + s, 3.0 + s] for s in range(7)}
    table = table_of(compare_runs(sweep(tmp_path, {"heuristic": high, "x": low}, metric)))
    assert table["winner"] == f"mutations={winner}"
    found = {group["group"]: group["seeds"]["0"]["best"] for group in table["groups"]}
    assert found[table["winner"]] == best


def test_few_seeds_are_tested_by_students_t_and_two_not_at_all(tmp_path: Path) -> None:
    values = {"heuristic": {0: [10.0], 1: [11.0], 2: [12.0]}, "minimax": {0: [20.0], 1: [23.0], 2: [22.0]}}
    table = table_of(compare_runs(sweep(tmp_path / "a", values)))
    assert (table["test"], table["winner"]) == ("paired t", "mutations=heuristic")
    expected = stats.ttest_rel([10, 11, 12], [20, 23, 22]).pvalue
    assert table["comparisons"][0]["p"] == pytest.approx(expected)
    others = {"x": {0: [20.0], 1: [23.0], 7: [22.0]}, "y": values["heuristic"]}
    table = table_of(compare_runs(sweep(tmp_path / "b", others)))
    assert (table["test"], table["comparisons"], table["winner"]) == (None, [], None)


def test_equal_differences_of_few_seeds_mark_nobody(tmp_path: Path) -> None:
    covered = {"heuristic": {seed: [25] for seed in range(4)}, "minimax": {seed: [24] for seed in range(4)}}
    table = table_of(compare_runs(sweep(tmp_path, covered, "modes_covered")))
    assert (table["comparisons"][0]["p"], table["winner"]) == (None, None)


def test_p_values_are_corrected_over_the_table_and_a_winner_beats_everybody(tmp_path: Path) -> None:
    rows = {"a": {s: [10.0 + s] for s in range(9)}, "b": {s: [30.0 + 2 * s] for s in range(9)}}
    near = {"c": {s: [10.0 + s + (-1) ** s * (0.5 + s / 50)] for s in range(9)}}
    table = table_of(compare_runs(sweep(tmp_path, rows | near)))
    by_pair = {(pair["first"][-1], pair["second"][-1]): pair for pair in table["comparisons"]}
    assert [by_pair[pair]["p"] for pair in (("a", "b"), ("b", "c"))] == [2.0**-8] * 2
    assert [by_pair[pair]["p_holm"] for pair in (("a", "b"), ("b", "c"))] == pytest.approx([3 * 2.0**-8] * 2)
    assert by_pair["a", "c"]["p_holm"] == by_pair["a", "c"]["p"] > 0.05
    assert table["winner"] is None, "a and c are too alike"


def test_runs_that_are_behind_are_left_out_and_named(tmp_path: Path) -> None:
    values: dict[str, dict[int, list[float]]] = {"heuristic": {0: [9.0, 1.0], 1: [8.0, 3.0], 2: [700.0]}}
    (group,) = table_of(compare_runs(sweep(tmp_path, values, run={"steps": 20})))["groups"]
    assert (group["last"]["value"], group["last"]["n"], group["unfinished"]) == (2.0, 2, ["heuristic-2"])
    assert set(group["seeds"]) == {"0", "1"}


def test_values_that_are_not_finite_are_named_and_never_win(tmp_path: Path) -> None:
    failed = {**GOOD, 6: [5.0, math.nan]}
    table = table_of(compare_runs(sweep(tmp_path, {"heuristic": failed, "minimax": BAD})))
    one, other = table["groups"]
    assert (one["failed"], one["last"]["n"], one["best"]["n"]) == (["6"], 6, 7)
    assert one["seeds"]["6"] == {"last": None, "best": 5.0}
    (pair,) = table["comparisons"]
    assert (pair["n"], pair["p"], table["winner"]) == (6, pytest.approx(2.0**-5), None)
    assert other["failed"] == []


def test_several_runs_of_a_seed_count_once(tmp_path: Path) -> None:
    runs = sweep(tmp_path, {"heuristic": {0: [1.0], 1: [5.0]}})
    config = config_of(evolution={"mutations": ["heuristic"]})
    again = seed_run(tmp_path / "again", 0, [3.0], config=config)
    (group,) = table_of(compare_runs([*runs, again]))["groups"]
    assert group["seeds"] == {"0": {"last": 2.0, "best": 2.0}, "1": {"last": 5.0, "best": 5.0}}


def test_data_sets_and_protocols_do_not_meet(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, config=config_of(name)) for name in ("ring8", "grid25")]
    for run in runs:
        write_lines(run / "evaluations.jsonl", [evaluation("modes_covered", 8.0, 10, dataset=run.name)])
    tables = compare_runs(runs).to_dict()["metrics"]
    assert [[group["group"] for group in table["groups"]] for table in tables] == [["ring8"], ["grid25"]]
    assert [table["protocol"].split(";")[0] for table in tables] == ["dataset ring8", "dataset grid25"]


def test_earlier_names_of_metrics_and_unknown_ones(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name) for name in "ab"]
    lines = [
        [evaluation("share_within_3_sigma", 0.5, kind="share_within_3_sigma"), evaluation("mine", 1.0)],
        [evaluation("high_quality_share", 0.7, kind="high_quality_share"), evaluation("mine", 2.0, kind=["x"])],
    ]
    for run, found in zip(runs, lines, strict=True):
        write_lines(run / "evaluations.jsonl", found)
    share, mine = compare_runs(runs).to_dict()["metrics"]
    assert (share["metric"], share["higher_is_better"]) == ("high_quality_share", True)
    assert share["groups"][0]["last"]["value"] == pytest.approx(0.6)
    assert (mine["higher_is_better"], mine["groups"][0]["best"]["n"], mine["winner"]) == (None, 0, None)


def test_pace_and_places_come_from_the_records(tmp_path: Path) -> None:
    run = seed_run(tmp_path / "run", 0, [4.0, 3.0, 2.0])
    write_lines(
        run / "timings.jsonl", [{"generation": g, "seconds": s} for g, s in ((10, 50.0), (20, 52.0), (30, 54.0))]
    )
    comparison = compare_runs([run])
    (series,) = comparison.runs[0].series.values()
    assert series.x["updates"].tolist() == [30, 60, 90] and series.x["seconds"].tolist() == [50, 52, 54]
    (found,) = comparison.to_dict()["runs"]
    assert (found["seconds_per_generation"], found["seconds"], found["generator_updates"]) == (0.2, 54.0, 90.0)
    (run / "timings.jsonl").unlink()
    (found,) = compare_runs([run]).to_dict()["runs"]
    assert (found["seconds_per_generation"], found["seconds"]) == (None, None)


def test_the_command_writes_the_same_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep(tmp_path / "runs", {"heuristic": {0: [1.0]}, "minimax": {0: [math.nan]}})
    (tmp_path / "runs" / ".partial").mkdir()
    (tmp_path / "runs" / "notes").mkdir()
    main([str(tmp_path / "runs"), "--json", str(tmp_path / "numbers.json")])
    assert capsys.readouterr().out == f"report: {tmp_path / 'runs' / 'comparison.html'}\n"
    assert json.loads((tmp_path / "numbers.json").read_text()) == compare_runs([tmp_path / "runs"]).to_dict()
