"""The page that compares runs, and the command that repeats one."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from egan_tf.commands.train import read_command_line
from egan_tf.report import write_comparison
from egan_tf.report.command import main
from egan_tf.report.reproduce import FOLDERS, reproduce
from egan_tf.training.presets import PRESETS
from tests.report.page import Element, chart, parse, report_of, section
from tests.report.runs import config_of, evaluation, make_run, record, write_lines


def two_runs(where: Path) -> list[Path]:
    """Runs of different lengths, mutations and settings."""
    short = [record(g, {"minimax": g // 2, "heuristic": g // 2}, discriminator_loss=1.0) for g in (10, 20)]
    long = [record(g, {"own": g // 4, "heuristic": g - g // 4}, discriminator_loss=2.0) for g in range(20, 420, 20)]
    return [
        make_run(where / "001-short", short, (10, 20), config_of(run={"steps": 20})),
        make_run(where / "002-long", long, (200, 400), config_of("ring8", run={"steps": 400})),
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
    (figure,) = metrics.find("figure")
    assert [key.text for key in figure.find("li")] == ["001-short 4", "002-long 2"]
    rows = metrics.one("table").rows[1:]
    assert [row[:3] for row in rows] == [["frechet_distance", "4", "2"], ["frechet_distance", "–", "77"]]
    assert "extractor inception" in rows[1][3]


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
    for config in (config_of(run={"preset": "mine"}), config_of(run={"steps": "x"})):
        page = report_of(make_run(tmp_path / str(config["run"]["steps"]), config=config))
        assert "No command can be given: this version" in section(page, "settings").text
