"""The page that compares runs, and the command that repeats one."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from egan_tf.commands.train import read_command_line
from egan_tf.report import write_comparison
from egan_tf.report.command import main
from egan_tf.report.comparison_page import _best
from egan_tf.report.statistics import Mean
from egan_tf.training.presets import PAPERS_CHOICE, PRESETS
from egan_tf.training.reproduce import FOLDERS, reproduce
from tests.report.page import Element, chart, description, parse, report_of, section
from tests.report.runs import config_of, evaluation, make_run, record, write_lines
from tests.report.sweeps import sweep


def two_runs(where: Path) -> list[Path]:
    """Runs of different lengths, mutations and settings."""
    short = [record(g, {"minimax": g // 2, "heuristic": g // 2}, discriminator_loss=1.0) for g in (10, 20)]
    long = [record(g, {"own": g // 4, "heuristic": g - g // 4}, discriminator_loss=2.0) for g in range(20, 420, 20)]
    return [
        make_run(where / "001-short", short, (10, 20), config_of(run={"steps": 20}, evolution=PAPERS_CHOICE)),
        make_run(where / "002-long", long, (200, 400), config_of("ring8", run={"steps": 400}, evolution=PAPERS_CHOICE)),
    ]


def page_of(runs: Sequence[Path]) -> Element:
    return parse(write_comparison(runs).read_text(encoding="utf-8"))


def test_runs_are_side_by_side(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    main([*map(str, runs), "--out", str(tmp_path / "both.html")])
    assert not (tmp_path / "comparison.html").exists()
    page = parse((tmp_path / "both.html").read_text())
    rows = {row[0]: row[1:] for row in section(page, "figures").one("table").rows}
    assert (rows[""], rows["Generations"]) == (["001-short", "002-long"], ["20", "400"])
    assert rows["Discriminator loss"] == ["1", "2"]
    captions = [one.text for one in section(page, "samples").find("figcaption")]
    assert captions == ["001-short, generation 20", "002-long, generation 400"]
    loss = chart(page, "Discriminator loss")
    assert [key.text for key in loss.find("li")] == ["001-short 1", "002-long 2"]
    ends = [float((path.attributes["d"] or "").split()[-2]) for path in loss.find("path", class_="line")]
    assert ends == [454.0, pytest.approx(58 + 396 / 20, abs=0.1)], "one axis, which the longest run fills"


def test_a_mutation_has_one_color_in_all_runs_and_shares_are_of_its_run(tmp_path: Path) -> None:
    page = page_of(two_runs(tmp_path))
    short, long = (chart(page, name) for name in ("001-short", "002-long"))
    colors = [[one.attributes["fill"] for one in figure.find("path", class_="area")] for figure in (short, long)]
    assert colors == [["var(--color0)", "var(--color1)"], ["var(--color4)", "var(--color1)"]]
    assert [key.text for key in short.find("li")] == ["minimax 50.0 %", "heuristic 50.0 %"]
    assert [key.text for key in long.find("li")] == ["own 25.0 %", "heuristic 75.0 %"]


def test_only_settings_that_differ_are_shown(tmp_path: Path) -> None:
    rows = {row[0]: row[1:] for row in section(page_of(two_runs(tmp_path)), "settings").one("table").rows}
    assert (rows["run steps"], rows["data dataset"]) == (["20", "400"], ["digits", "ring8"])
    assert "run seed" not in rows
    same = [make_run(tmp_path / name) for name in ("a", "b")]
    assert "the configurations are the same" in section(page_of(same), "settings").text


def test_only_metrics_of_one_protocol_share_a_chart(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    write_lines(runs[0] / "evaluations.jsonl", [evaluation(value=8.0, step=10), evaluation(value=4.0, step=20)])
    other = [evaluation(value=2.0, step=step) for step in (200, 400)]
    write_lines(runs[1] / "evaluations.jsonl", [*other, evaluation(value=77.0, step=400, extractor="inception")])
    metrics = section(page_of(runs), "metrics")
    keys = [[key.text for key in figure.find("li")] for figure in metrics.find("figure")]
    assert keys == [["digits, steps=20 4", "ring8, steps=400 2"]] * 3, (
        "one chart by each axis; a single value makes none"
    )
    both, one = metrics.find("article")
    digits, ring = ("digits, steps=20", "ring8, steps=400")
    assert [row[:4] for row in both.one("table").rows[1:]] == [[digits, "1", "4", "4"], [ring, "1", "2", "2"]]
    assert [row[:4] for row in one.one("table").rows[1:]] == [[ring, "1", "77", "77"]]
    assert "extractor inception" in one.text and f"Not measured: {digits}." in one.text
    assert f"One seed, so no interval: {digits}, {ring}." in both.text
    assert "The last values are of different generations." in both.text


def test_means_intervals_and_tests_of_groups(tmp_path: Path) -> None:
    values = {
        "heuristic": {seed: [50.0 + seed, 10.0 + seed] for seed in range(7)},
        "minimax": {seed: [60.0 + seed, 20.0 + 1.5 * seed] for seed in range(7)},
    }
    page = page_of(sweep(tmp_path, values))
    groups = section(page, "groups").find("table")[0].rows
    assert groups[1][:4] == ["mutations=heuristic", "7: 0 to 6", "20", "20"]
    metrics = section(page, "metrics")
    means, tests = (table.rows for table in metrics.find("table"))
    assert means[1] == ["mutations=heuristic best", "7", "13.0 ± 2.0", "13.0 ± 2.0", "20"]
    assert [mark.text for mark in metrics.find("mark")] == ["mutations=heuristic"]
    assert tests[1][1:] == ["−11.50 ± 1.00", "7", "0.016", "0.016", "0.016"]
    assert "Exact Wilcoxon signed-rank test" in metrics.text and "lower is better" in metrics.text
    assert "mutations=heuristic is better than each of the others" in metrics.text
    titles = [f"frechet_distance by {axis}" for axis in ("generations", "generator updates", "wall time")]
    assert [figure.find("figcaption")[0].text for figure in metrics.find("figure")] == titles
    for title in titles:
        assert len(chart(page, title).find("path", class_="band")) == 2
    assert "mutations=minimax: first 63 at 10 updates" in description(page, titles[1])
    assert "last 24.5 at 2.0 s." in description(page, titles[2])
    assert section(page, "figures").one("table").rows[0][1:] == ["heuristic-0", "minimax-0"], "of 14 runs two are shown"


def test_what_cannot_count_is_said(tmp_path: Path) -> None:
    values = {"heuristic": {0: [3.0, 1.0], 1: [4.0, math.nan], 2: [5.0]}, "minimax": {0: [3.0, 2.0], 1: [3.0, 2.0]}}
    runs = sweep(tmp_path, values)
    (runs[3] / "timings.jsonl").unlink()
    (runs[4] / "timings.jsonl").unlink()
    page = page_of([*runs, make_run(tmp_path / "new", [record(10)], (10,), config_of("ring8"))])
    text = section(page, "metrics").text
    assert "Left out, because other runs of the group were evaluated later: heuristic-2." in text
    assert "No finite last value, left out of means and tests: digits, mutations=heuristic, seed 1." in text
    assert "No two groups share 3 seeds, so nothing is tested" in text
    assert "Not measured: ring8." in text
    assert "Without evaluations: new." in section(page, "groups").text
    assert section(page, "groups").find("table")[0].rows[2][4:] == ["unknown", "unknown"]
    by_time = chart(page, "frechet_distance by wall time")
    assert len(by_time.find("path", class_="line")) == 1, "the other group has no times"


def test_wide_intervals_do_not_flatten_the_curves(tmp_path: Path) -> None:
    page = page_of(sweep(tmp_path, {"heuristic": {0: [9.0, 1.0], 1: [10.0, 5.0]}}))
    figure = chart(page, "frechet_distance by generations")
    assert "Intervals that leave the chart are cut off." in figure.text
    (band,) = (path.attributes["d"] or "" for path in figure.find("path", class_="band"))
    heights = [float(y) for y in re.findall(r"[ML] [-\d.]+ ([-\d.]+)", band)]
    assert heights and 0 <= min(heights) < max(heights) <= 230


def test_names_are_escaped_and_many_groups_are_bounded(tmp_path: Path) -> None:
    evil = "<b>x</b>&'"
    values = {f"{evil}{place}": {seed: [place + seed * 1.0, place * 2.0] for seed in range(3)} for place in range(15)}
    runs = sweep(tmp_path / "runs", {str(place): found for place, found in enumerate(values.values())}, evil)
    for run, name in zip(runs, [name for name in values for _ in range(3)], strict=True):
        config = json.loads((run / "config.json").read_text())
        config["evolution"]["mutations"], config["run"]["preset"] = [name], evil
        (run / "config.json").write_text(json.dumps(config))
    page = page_of(runs)
    assert page.find("b") == [] or all("x" not in one.text for one in page.find("b"))
    metrics = section(page, "metrics")
    assert metrics.one("h3").text == evil
    assert len(metrics.find("table")[0].rows) == 16 and f"mutations={evil}7" in metrics.text
    assert len(metrics.find("table")[1].rows) == 101
    assert "The charts show the first 12 of 15 groups." in metrics.text
    assert "The 100 comparisons with the smallest p of 105 are shown." in metrics.text
    assert len(section(page, "samples").find("img")) == 12


@pytest.mark.parametrize(("higher", "best"), [(False, range(1, 13)), (True, range(3, 15)), (None, range(12))])
def test_the_best_groups_are_drawn_and_never_one_without_a_value(higher: bool | None, best: range) -> None:
    names = [str(place) for place in range(15)]
    means = {name: Mean(math.nan if name == "0" else float(name), 0.1, int(name != "0")) for name in names}
    assert _best(names, means, higher) == {str(place) for place in best}


def test_names_damage_and_many_runs(tmp_path: Path) -> None:
    same_name = [make_run(tmp_path / room / "001-digits") for room in ("a", "b")]
    (same_name[1] / "config.json").unlink()
    page = page_of(same_name)
    assert section(page, "figures").one("table").rows[0][1:] == [str(run) for run in same_name]
    assert section(page, "problems").one("li").text == f"{same_name[1]}: There is no config.json."
    lines = chart(page_of([make_run(tmp_path / f"{i:03d}-x") for i in range(12)]), "Fitness F").find(
        "path", class_="line"
    )
    looks = {(one.attributes["stroke"], one.attributes.get("stroke-dasharray")) for one in lines}
    assert len(looks) == 12, "twelve runs look different"


CHANGES: list[dict[str, dict[str, Any]]] = [
    {},
    {"evolution": {"seed": 3}, "run": {"steps": 60, "name": "a.b-c", "overwrite": True, "formats": ["onnx"]}},
    {"data": {"dataset": "fashion_mnist"}},
    {"data": {"dataset": "grid25"}, "run": {"precision": "mixed_bfloat16", "xla": "on"}},
    {"evolution": {"reuse_evaluation_batch": False, "evaluation_size": 99, "mutations": ["heuristic", "minimax"]}},
    {"evolution": {"evaluation_size": None, "gamma": -0.5}, "optimizer": {"epsilon": 1e-12, "beta_2": 0.1 + 0.2}},
    {"metrics": {"extractor_path": "it's $HOME; `ls`"}, "run": {"name": "x"}},
    {"metrics": {"extractor_path": "-x"}},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("name", PRESETS)
def test_the_command_gives_the_configuration(name: str, changes: dict[str, dict[str, Any]]) -> None:
    config = config_of(name, **changes)
    python, program, *arguments = shlex.split(reproduce(config)[0])
    assert (python, program) == ("python", "train_tf.py")
    assert "--overwrite" not in arguments
    config["run"]["overwrite"] = False
    assert json.loads(read_command_line(arguments).config.to_json()) == config


def test_the_command_of_a_run_with_user_code() -> None:
    config = config_of(evolution={"fitness": "mine:fitness"}) | {"user_code": {"mine:fitness": "0" * 64}}
    assert reproduce(config) == ("python train_tf.py --fitness mine:fitness", {("evolution", "fitness")})


def test_the_report_shows_the_command_and_every_setting(tmp_path: Path) -> None:
    assert reproduce(config_of("paper"))[0] == "python train_tf.py --preset paper"
    config = config_of(run={"steps": 30, "runs_dir": "/home/me"}, evolution={"mutations": ["minimax", "heuristic"]})
    page = report_of(make_run(tmp_path / "run", config=config))
    settings = section(page, "settings")
    assert settings.one("pre").text == "python train_tf.py --steps 30 --mutations minimax heuristic"
    shown = {row[0] for table in settings.find("table") for row in table.rows}
    assert shown == {name.replace("_", " ") for part in config.values() for name in part.keys() - FOLDERS}
    assert [mark.text for mark in settings.find("mark")] == ["30", "minimax, heuristic"]
    assert "/home/me" not in page.text
    where = "/home/me/here"
    config = config_of(data={"dataset": f"folder:{where}/cats"}, metrics={"extractor_path": f"{where}/graph.pb"})
    run = make_run(tmp_path / "cats", config=config)
    moved = {"changes": {"data.dataset": [f"folder:{where}/old", f"folder:{where}/cats"], "run.steps": [1, 2]}}
    write_lines(run / "events.jsonl", [{"event": "resumed", **moved}, {"event": "resumed", "changes": [where[:2]]}])
    page = report_of(run)
    assert where not in (run / "report.html").read_text()
    assert "--dataset folder:cats" in section(page, "settings").one("pre").text
    assert "--extractor-path graph.pb" in section(page, "settings").one("pre").text and "folder:old" in page.text
    for config in (config_of(run={"preset": "mine"}), config_of(run={"steps": "x"})):
        page = report_of(make_run(tmp_path / str(config["run"]["steps"]), config=config))
        assert "No command can be given: this version" in section(page, "settings").text
