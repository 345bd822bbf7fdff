"""The charts of the report, against counts and values computed by hand."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest

from egan_tf.report.charts import Line, line_chart, smooth
from egan_tf.report.run_record import spread
from egan_tf.report.text import format_duration, format_number
from tests.report.page import Element, chart, description, parse, report_of, section
from tests.report.runs import MUTATIONS, config_of, evaluation, make_run, record, write_lines

STYLE = Path(__file__).parents[2] / "egan_tf" / "report" / "templates" / "style.css"
LEFT, RIGHT, TOP, BOTTOM = 58, 454, 8, 192
"""Edges of the plot in user units."""


def drawn(figure: Element, kind: str, color: str = "accent") -> list[np.ndarray]:
    """The pieces of a path, each [n, 2]: x in [0, 1] from the left, y in [0, 1] from the bottom."""
    (path,) = [one for one in figure.find("path", class_=kind) if f"var(--{color})" in one.attributes.values()]
    pieces = [re.findall(r"-?[\d.]+", piece) for piece in (path.attributes["d"] or "").split("M")[1:]]
    points = [np.array(piece, float).reshape(-1, 2) for piece in pieces]
    return [(p - [LEFT, BOTTOM]) / [RIGHT - LEFT, TOP - BOTTOM] for p in points]


def ticks(figure: Element) -> list[str]:
    return [text.text for text in figure.find("text", **{"text-anchor": "end"}) if text.text != "generation"]


def test_shares_are_those_counted_by_hand(tmp_path: Path) -> None:
    counts = [(4, 6, 0), (4, 16, 0), (9, 16, 5)]
    records = [record(10 * i, dict(zip(MUTATIONS, row, strict=True))) for i, row in enumerate(counts, start=1)]
    lineage = section(report_of(make_run(tmp_path / "run", records)), "lineage")
    rows = [["minimax", "9", "30.0 %"], ["heuristic", "16", "53.3 %"], ["least_squares", "5", "16.7 %"]]
    assert lineage.one("table").rows[1:] == [*rows, ["all", "30", "100.0 %"]]
    assert [key.text for key in lineage.find("li")] == ["minimax 30.0 %", "heuristic 53.3 %", "least_squares 16.7 %"]
    # The first of three intervals: 4 of 10 minimax, from the bottom, then 6 of 10 heuristic.
    (minimax,), (heuristic,) = drawn(lineage, "area", "color0"), drawn(lineage, "area", "color1")
    stairs = [[0, 0.4], [1 / 3, 0.4], [1 / 3, 0], [2 / 3, 0], [2 / 3, 0.5], [1, 0.5]]
    np.testing.assert_allclose(minimax[1:7], stairs, atol=2e-3)
    assert heuristic[:, 1].max() == pytest.approx(1, abs=2e-3)


def test_winners_and_losers_are_separated_by_fitness(tmp_path: Path) -> None:
    children = {"fitness": [0.1, 0.4, 0.3, 0.2], "quality": [0.5, 0.25, 0.75, 1.0], "diversity": [1.0, 2.0, 3.0, 4.0]}
    records = [record(g, fitness_1=0.3, children=children) for g in (10, 20)]
    page = report_of(make_run(tmp_path / "run", records, config=config_of(evolution={"gamma": 0.5, "fitness": "egan"})))
    # Two survive, those of quality 0.25 and 0.75; those of 0.5 and 1 do not.
    for title, parts in {
        "Fitness F": ["winner: first 0.35 ", "losers, mean: first 0.15 "],
        "Quality Fq": ["winner: first 0.5 ", "losers, mean: first 0.75 "],
        "Diversity Fd": ["winner: first 2.5 ", "losers, mean: first 2.5 "],
        "Winner's lead over the losers' mean, magnitude": [
            "in F: first 0.2 ",
            "in Fq: first 0.25 ",
            "in γ·Fd: no finite",
        ],
    }.items():
        assert all(part in description(page, title) for part in parts), (title, description(page, title))
    (band,) = drawn(chart(page, "Quality Fq"), "band", "loser")
    assert band[:, 1].max() > drawn(chart(page, "Quality Fq"), "line")[0][0, 1] > 0


def test_the_lead_in_fitness_has_the_weights_of_its_time(tmp_path: Path) -> None:
    children = {"fitness": [0.1, 0.4], "quality": [0.5, 0.75], "diversity": [1.0, 3.0]}
    config = config_of(run={"steps": 30}, evolution={"gamma": 0.5, "fitness": "egan"})
    runs = {
        "gamma": ["evolution.gamma", 0.1, 0.5],
        "fitness": ["evolution.fitness", "logit", "egan"],
    }
    said = {}
    for name, (setting, before, now) in runs.items():
        run = make_run(tmp_path / name, [record(g, children=children) for g in (10, 20, 30)], config=config)
        write_lines(run / "events.jsonl", [{"event": "resumed", "generation": 20, "changes": {setting: [before, now]}}])
        said[name] = description(report_of(run), "Winner's lead over the losers' mean, magnitude")
    # The winner's diversity is larger by 2.
    assert "in γ·Fd: first 0.2 at generation 10, " in said["gamma"]
    assert said["gamma"].endswith(" highest 1 at generation 30, last 1 at generation 30.")
    assert "in Fq: first 0.25 at generation 10" in said["gamma"]
    assert "in γ·Fd: first 1 at generation 30" in said["fitness"], "before, F had no γ"
    assert "in Fq: first 0.25 at generation 30" in said["fitness"]
    assert all("in F: first 0.3 at generation 10" in one for one in said.values())


def test_a_run_from_before_there_was_a_choice_of_fitness_has_the_papers(tmp_path: Path) -> None:
    children = {"fitness": [0.1, 0.4], "quality": [0.5, 0.75], "diversity": [1.0, 3.0]}
    config = config_of(run={"steps": 20}, evolution={"gamma": 0.5})
    del config["evolution"]["fitness"]
    page = report_of(make_run(tmp_path / "run", [record(g, children=children) for g in (10, 20)], config=config))
    assert "in γ·Fd: first 1 at generation 10" in description(page, "Winner's lead over the losers' mean, magnitude")


def test_null_is_a_gap_and_is_counted(tmp_path: Path) -> None:
    values = [1.0, 2.0, None, None, 3.0, None, 2.0]
    children = {"fitness": [None, 0.4, 0.3], "quality": [0.1, 0.4, 0.3], "diversity": [None, 1.0, None]}
    records = [record(10 * i, discriminator_loss=v, children=children) for i, v in enumerate(values, start=1)]
    page = report_of(make_run(tmp_path / "run", records))
    loss = chart(page, "Discriminator loss")
    line, dots = drawn(loss, "line"), drawn(loss, "dots")
    np.testing.assert_allclose(line[0][:, 0] * 70, [10, 20], atol=0.2)
    assert sum(len(piece) > 1 for piece in line) == 1, "neither 50 nor 70 is joined to anything"
    np.testing.assert_allclose([dot[0, 0] * 70 for dot in dots], [10, 20, 50, 70], atol=0.2)
    assert "Gaps in last: 3 values are missing or not finite." in loss.text
    assert "Scores of children that are not finite: 7." in chart(page, "Fitness F").text
    assert "Scores of children that are not finite: 14." in chart(page, "Diversity Fd").text
    assert "winner: first 0.4 at generation 10" in description(page, "Quality Fq"), "null is the worst fitness"


def test_the_loss_at_chance_is_marked_in_proportion(tmp_path: Path) -> None:
    records = [record(10 * i, discriminator_loss=loss) for i, loss in enumerate((0.5, 0.6, 0.7), start=1)]
    figure = chart(report_of(make_run(tmp_path / "run", records)), "Discriminator loss")
    (level,), (line,) = drawn(figure, "level", "soft"), drawn(figure, "line")
    expected = (2 * math.log(2) - 0.5) / 0.2
    assert (level[0, 1] - line[0, 1]) / (line[2, 1] - line[0, 1]) == pytest.approx(expected, rel=0.01)
    assert 0 < line[0, 1] < level[0, 1] < 1


def test_counters_are_shown_where_there_are_any(tmp_path: Path) -> None:
    records = [record(g, rejected_children=g / 10 - 1, stagnant_generations=0) for g in (10, 20, 30)]
    counters = section(report_of(make_run(tmp_path / "run", records)), "counters")
    assert counters.one("table").rows[1:] == [["Rejected children", "2", "2"], ["Stagnant generations", "0", "0"]]
    assert [figure.one("figcaption").text for figure in counters.find("figure")] == ["Rejected children"]
    assert drawn(counters, "line")[0][0, 1] == pytest.approx(0, abs=2e-3), "0 is on the base line"
    assert ticks(counters) == ["0", "1", "2"]


def test_a_metric_is_drawn_with_its_protocol_and_not_mixed_with_another(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    lines = [evaluation(value=v, step=s, seed=seed) for s, seed, v in [(10, 0, 8.0), (10, 1, 6.0), (20, 0, 4.0)]]
    lines += [evaluation(value=99.0, step=s, n_fake=100) for s in (10, 20)]
    write_lines(run / "evaluations.jsonl", [*lines, evaluation("modes", 10, 30), evaluation("nothing", None, 30)])
    metrics = section(report_of(run), "metrics")
    first, second = metrics.find("figure")
    assert "n real 1,797; n fake 5,000; split train; extractor cnn; resize none; seeds 0, 1." in first.text
    assert "mean of the seeds: first 7 at generation 10" in (
        first.one("div", role="img").attributes["aria-label"] or ""
    )
    assert "n fake 100" in second.text
    assert [row[:5] for row in metrics.one("table").rows[1:]] == [
        ["frechet_distance", "4", "20", "4", "7"],
        ["frechet_distance", "99", "20", "99", "99"],
        ["modes", "10", "30", "10", "10"],
        ["nothing", "not finite", "30", "none", "none"],
    ]


def test_a_long_record_becomes_a_short_line_with_its_extremes(tmp_path: Path) -> None:
    losses = np.random.default_rng(0).normal(2.0, 0.5, 20_000)
    losses[12_345], losses[6_789] = 9.0, -5.0
    records = [record(g + 1, discriminator_loss=float(loss)) for g, loss in enumerate(losses)]
    run = make_run(tmp_path / "run", records, generations=[len(losses)])
    page = report_of(run)
    (raw,) = drawn(chart(page, "Discriminator loss"), "raw")
    assert len(raw) < 5000
    assert raw[:, 1].max() > 0.93, "the highest"
    assert raw[:, 1].min() < 0.07, "the lowest"
    said = description(page, "Discriminator loss")
    assert "lowest −5 at generation 6,790, highest 9 at generation 12,346" in said
    assert (run / "report.html").stat().st_size < 1 << 20


@pytest.mark.parametrize("low", [0.0, -3e99, 1e-99, 7.0])
@pytest.mark.parametrize("span", [0.0, 1e-99, 1e-12, 0.07, 123_456.0, 1e99])
@pytest.mark.parametrize("log", [False, True])
def test_any_range_is_drawn_inside_with_few_labels(low: float, span: float, log: bool) -> None:
    line = Line("x", np.array([1, 2]), np.array([low, low + span]), "accent")
    made = line_chart("title", [line], 2, log=log)
    assert made is not None
    figure = parse(made.svg)
    ((start, end),) = drawn(figure, "line")
    assert -1e-3 <= start[1] <= end[1] <= 1 + 1e-3
    assert 1 <= len(ticks(figure)) <= 9
    assert span <= 1e-6 * abs(low) or len(set(ticks(figure))) == len(ticks(figure))


def test_small_helpers() -> None:
    gap = np.array([1.0, 2.0, math.nan, 6.0, 8.0])
    np.testing.assert_allclose(smooth(gap, 3), [1.5, 1.5, math.nan, 7.0, 7.0], equal_nan=True)
    shown = [format_number(value) for value in (0.0, 1234567.0, -0.012345678, 12345.678, 3e-9, 1.5e20, math.nan)]
    assert shown == ["0", "1,234,567", "−0.01235", "12,346", "3e−09", "1.5e+20", "not finite"]
    durations = [format_duration(value) for value in (3.21, 125, 7300, 400_000)]
    assert durations == ["3.2 s", "0:02:05", "2:01:40", "4 days, 15:06:40"]
    assert [spread(range(100), most) for most in (4, 1)] == [[0, 33, 66, 99], [99]]
    assert line_chart("x", [Line("a", np.arange(3), np.full(3, math.nan), "accent")], 3) is None


# Machado, Oliveira, Fernandes 2009, severity 1: protanopia, deuteranopia, tritanopia.
VISION = [
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
]
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def contrast(one: np.ndarray, other: np.ndarray) -> float:
    low, high = sorted(float(TO_XYZ[1] @ color) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(linear: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(TO_XYZ @ linear / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colors_are_readable_and_distinct_with_any_color_vision(scheme: int) -> None:
    part = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[scheme]
    codes = dict(re.findall(r"--(\w[\w-]*): #([0-9a-f]{6})", part))
    rgb = {name: np.array(list(bytes.fromhex(code))) / 255 for name, code in codes.items()}
    palette = {name: np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for name, c in rgb.items()}
    colors = [palette[f"color{i}"] for i in range(6)]
    for text in ("ink", "soft", "accent"):
        assert min(contrast(palette[text], palette[behind]) for behind in ("panel", "page")) >= 4.5
    assert contrast(palette["warn"], palette["warn-page"]) >= 4.5
    assert min(contrast(color, palette["panel"]) for color in (palette["accent"], palette["loser"], *colors)) >= 3.0
    for vision in VISION:
        seen = [lab(np.clip(np.array(vision) @ color, 0, 1)) for color in colors]
        apart = {(i, j): np.linalg.norm(seen[i] - seen[j]) for i, j in itertools.combinations(range(6), 2)}
        assert min(apart.values()) > 15
        assert min(distance for pair, distance in apart.items() if max(pair) < 4) > 23, "mutations of the package"
