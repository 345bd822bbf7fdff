"""The page that compares runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from egan_tf.report import write_comparison
from egan_tf.report.__main__ import main
from tests.report.page import Element, chart, parse, section
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


def test_runs_stand_side_by_side(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    main([str(run) for run in runs])
    page = parse((tmp_path / "comparison.html").read_text())
    rows = {row[0]: row[1:] for row in section(page, "figures").one("table").rows}
    assert rows[""] == ["001-short", "002-long"]
    assert rows["Generations"] == ["20", "400"]
    assert rows["Discriminator's loss"] == ["1", "2"]
    captions = [one.text for one in section(page, "samples").find("figcaption")]
    assert captions == ["001-short, generation 20", "002-long, generation 400"]


def test_lines_share_an_axis_that_the_longest_run_fills(tmp_path: Path) -> None:
    figure = chart(page_of(two_runs(tmp_path)), "Discriminator's loss")
    assert [key.text for key in figure.find("li")] == ["001-short1", "002-long2"]
    paths = {path.attributes["class"]: path.attributes["d"] or "" for path in figure.find("path")}
    assert paths["line color0"].startswith("M25 ")
    assert paths["line color0"].split("L")[1].startswith("50 ")
    assert paths["line color1"].split("L")[-1].startswith("1000 ")


def test_a_mutation_has_one_color_in_all_runs_and_shares_are_of_its_run(tmp_path: Path) -> None:
    page = page_of(two_runs(tmp_path))
    short, long = (chart(page, name) for name in ("001-short", "002-long"))
    kinds = [[rect.attributes["class"] for rect in figure.find("rect")] for figure in (short, long)]
    assert kinds == [["area color0", "area color1"], ["area color4", "area color1"]]
    assert [key.text for key in short.find("li")] == ["minimax50.0 %", "heuristic50.0 %"]
    assert [key.text for key in long.find("li")] == ["own25.0 %", "heuristic75.0 %"]


def test_only_settings_that_differ_are_shown(tmp_path: Path) -> None:
    rows = {row[0]: row[1:] for row in section(page_of(two_runs(tmp_path)), "settings").one("table").rows}
    assert rows["run steps"] == ["20", "400"]
    assert rows["data dataset"] == ["digits", "ring8"]
    assert rows["evolution gamma"] == ["0.01", "0.05"]
    assert "run seed" not in rows
    same = [make_run(tmp_path / name) for name in ("a", "b")]
    assert "the configurations are the same" in section(page_of(same), "settings").text


def test_metrics_of_one_protocol_are_drawn_together_and_no_others(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    write_lines(runs[0] / "evaluations.jsonl", [evaluation(value=8.0, step=10), evaluation(value=4.0, step=20)])
    other = [evaluation(value=2.0, step=step) for step in (200, 400)]
    write_lines(runs[1] / "evaluations.jsonl", [*other, evaluation(value=77.0, step=400, extractor="inception")])
    metrics = section(page_of(runs), "metrics")
    (figure,) = metrics.find("figure")
    assert [key.text for key in figure.find("li")] == ["001-short4", "002-long2"]
    rows = [row[:3] for row in metrics.one("table").rows[1:]]
    assert rows == [["frechet_distance", "4", "2"], ["frechet_distance", "–", "77"]]
    assert "extractor inception" in metrics.one("table").rows[2][3]


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / room / "001-digits") for room in ("a", "b")]
    page = page_of(runs)
    assert section(page, "figures").one("table").rows[0][1:] == [str(run) for run in runs]
    assert (tmp_path / "a" / "comparison.html").exists()


def test_the_page_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    main([*map(str, runs), "--out", str(tmp_path / "both.html")])
    assert parse((tmp_path / "both.html").read_text()).one("h1").text == "Comparison of 2 runs"
    assert not (tmp_path / "comparison.html").exists()


def test_damage_is_named_with_its_run(tmp_path: Path) -> None:
    runs = two_runs(tmp_path)
    (runs[1] / "config.json").unlink()
    (runs[0] / "metrics.jsonl").unlink()
    problems = section(page_of(runs), "problems")
    assert [item.text for item in problems.find("li")] == [
        "001-short: there are no records in metrics.jsonl.",
        "002-long: there is no config.json.",
    ]


def test_twelve_runs_have_twelve_kinds_of_lines(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / f"{i:03d}-digits") for i in range(12)]
    figure = chart(page_of(runs), "Fitness F")
    kinds = [path.attributes["class"] for path in figure.one("svg", **{"class": "plot"}).find("path")]
    assert len(kinds) == len(set(kinds)) == 12
