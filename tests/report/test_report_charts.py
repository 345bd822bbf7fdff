"""What the report draws, against counts and values by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from egan_tf.report import write_report
from egan_tf.report.lines import Line, line_chart
from egan_tf.report.scales import axis_of, fixed_axis, format_duration, format_number
from egan_tf.report.series import downsample, smooth, spread_evenly
from tests.report.page import Element, chart, parse, section
from tests.report.runs import config_of, evaluation, make_run, record, write_lines

STYLE = Path(__file__).parents[2] / "egan_tf" / "report" / "style.css"
NUMBER = r"-?\d+(?:\.\d+)?"
PATH = re.compile(rf"M{NUMBER} {NUMBER}(?:[ML]{NUMBER} {NUMBER}|h0)*Z?")


def report_of(folder: Path) -> Element:
    page = parse(write_report(folder).read_text(encoding="utf-8"))
    for path in page.find("path"):
        drawn = path.attributes["d"] or ""
        assert drawn == "M1 6h18" or PATH.fullmatch(drawn), "every path is one that a browser can draw"
    return page


def points(path: Element) -> list[list[tuple[float, float]]]:
    """The pieces of a path, in the drawing's thousandths from the upper left."""
    drawn = (path.attributes["d"] or "").replace("h0", "").rstrip("Z")
    pieces = [piece for piece in drawn.split("M") if piece]
    return [[tuple(map(float, at.split())) for at in piece.split("L")] for piece in pieces]  # type: ignore[misc]


def drawn(figure: Element, kind: str) -> list[list[tuple[float, float]]]:
    (path,) = [one for one in figure.one("svg", **{"class": "plot"}).find("path") if one.attributes["class"] == kind]
    return points(path)


def test_shares_are_those_counted_by_hand(tmp_path: Path) -> None:
    wins = [(4, 6, 0), (4, 16, 0), (9, 16, 5)]
    names = ("minimax", "heuristic", "least_squares")
    records = [record(10 * i, dict(zip(names, won, strict=True))) for i, won in enumerate(wins, start=1)]
    page = report_of(make_run(tmp_path / "run", records))
    lineage = section(page, "lineage")
    assert lineage.one("table").rows[1:] == [
        ["minimax", "9", "30.0 %"],
        ["heuristic", "16", "53.3 %"],
        ["least_squares", "5", "16.7 %"],
        ["all", "30", "100.0 %"],
    ]
    assert [key.text for key in lineage.find("li")] == ["minimax30.0 %", "heuristic53.3 %", "least_squares16.7 %"]
    # The first of three intervals: 4 of 10 minimax, from the bottom at 1000, then 6 of 10 heuristic.
    (minimax,), (heuristic,) = drawn(lineage, "area color0"), drawn(lineage, "area color1")
    assert minimax[:6] == [(0, 600), (333.3, 600), (333.3, 1000), (666.7, 1000), (666.7, 500), (1000, 500)]
    assert heuristic[:6] == [(0, 0), (333.3, 0), (333.3, 0), (666.7, 0), (666.7, 500), (1000, 500)]


def test_a_mutation_has_its_color_in_every_report(tmp_path: Path) -> None:
    mine = report_of(make_run(tmp_path / "a", [record(5, {"least_squares": 3, "own": 2})]))
    assert [one.attributes["class"] for one in section(mine, "lineage").find("path")] == ["area color2", "area color4"]


def test_winners_and_losers_are_told_apart_by_fitness(tmp_path: Path) -> None:
    children = {"fitness": [0.1, 0.4, 0.3, 0.2], "quality": [0.5, 0.25, 0.75, 1.0], "diversity": [1.0, 2.0, 3.0, 4.0]}
    records = [record(g, fitness_1=0.3, children=children) for g in (10, 20)]
    page = report_of(make_run(tmp_path / "run", records, config=config_of(evolution={"gamma": 0.5})))
    told = {name: description(page, name) for name in ("Fitness F", "Quality Fq", "Diversity Fd")}
    assert "winner: first 0.35 " in told["Fitness F"]
    assert "losers, mean: first 0.15 " in told["Fitness F"]
    # Two survive, those of quality 0.25 and 0.75; those of 0.5 and 1 do not.
    assert "winner: first 0.5 " in told["Quality Fq"]
    assert "losers, mean: first 0.75 " in told["Quality Fq"]
    assert "winner: first 2.5 " in told["Diversity Fd"]
    lead = description(page, "Size of the winner's lead over the losers' mean")
    assert "in F: first 0.2 " in lead
    assert "in Fq: first 0.25 " in lead
    assert "in γ·Fd: " in lead


def description(page: Element, title: str) -> str:
    figure = chart(page, title)
    assert figure.find("title")[0].text == title
    return figure.find("desc")[0].text


def test_null_is_a_gap_and_is_counted(tmp_path: Path) -> None:
    values = [1.0, 2.0, None, None, 3.0, None, 2.0]
    records = [record(10 * i, discriminator_loss=value) for i, value in enumerate(values, start=1)]
    figure = chart(report_of(make_run(tmp_path / "run", records)), "Discriminator's loss")
    pieces = drawn(figure, "line winner")
    assert [[round(x * 70 / 1000) for x, _ in piece] for piece in pieces] == [[10, 20], [50], [70]]
    assert "Gaps: 3 of 7 values are not finite." in figure.text


def test_the_loss_of_an_indifferent_discriminator_is_marked_within_the_chart(tmp_path: Path) -> None:
    records = [record(10 * i, discriminator_loss=loss) for i, loss in enumerate((0.5, 0.6, 0.7), start=1)]
    figure = chart(report_of(make_run(tmp_path / "run", records)), "Discriminator's loss")
    ((level, _),), (line,) = drawn(figure, "level"), drawn(figure, "line winner")
    assert 0 < level[1] < line[-1][1] < line[0][1] < 1000
    # 2 ln 2 is as far above 0.5 in the drawing as it is among the values.
    assert (line[0][1] - level[1]) / (line[0][1] - line[-1][1]) == pytest.approx(
        (2 * math.log(2) - 0.5) / 0.2, rel=0.01
    )


def test_null_scores_of_children_are_counted(tmp_path: Path) -> None:
    children = {"fitness": [None, 0.4, 0.3], "quality": [0.1, 0.4, 0.3], "diversity": [None, 1.0, None]}
    page = report_of(make_run(tmp_path / "run", [record(10, children=children), record(20)]))
    assert "Scores of children that are not finite: 1." in chart(page, "Fitness F").text
    assert "Scores of children that are not finite: 2." in chart(page, "Diversity Fd").text
    assert "not finite" not in chart(page, "Quality Fq").text
    assert "winner: first 0.4 at generation 10" in description(page, "Quality Fq"), "null is the worst fitness"


def test_counters_are_shown_where_there_are_any(tmp_path: Path) -> None:
    records = [record(g, rejected_children=g / 10 - 1, stagnant_generations=0) for g in (10, 20, 30)]
    counters = section(report_of(make_run(tmp_path / "run", records)), "counters")
    assert counters.one("table").rows[1:] == [["Rejected children", "2", "2"], ["Stagnant generations", "0", "0"]]
    assert [figure.find("figcaption")[0].text for figure in counters.find("figure")] == ["Rejected children"]
    (line,) = drawn(counters, "line winner")
    assert line[0][1] == 1000, "0 stands on the base line"


def test_a_metric_is_drawn_with_its_protocol_and_not_mixed_with_another(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    lines = [evaluation(value=v, step=s, seed=seed) for s, seed, v in [(10, 0, 8.0), (10, 1, 6.0), (20, 0, 4.0)]]
    lines += [evaluation(value=99.0, step=s, n_fake=100) for s in (10, 20)]
    lines += [evaluation("modes", 10, 30), evaluation("nothing", None, 30)]
    write_lines(run / "evaluations.jsonl", lines)
    metrics = section(report_of(run), "metrics")
    first, second = metrics.find("figure")
    assert "n real 1,797; n fake 5,000; split train; extractor random_conv" in first.text
    assert "extractor hash 9f2c4b7e; resize none; batchnorm inference; seeds 0, 1." in first.text
    assert "mean of the seeds: first 7 at generation 10" in first.find("desc")[0].text
    assert "n fake 100" in second.text
    rows = [row[:5] for row in metrics.one("table").rows[1:]]
    assert rows == [
        ["frechet_distance", "4", "20", "4", "7"],
        ["frechet_distance", "99", "20", "99", "99"],
        ["modes", "10", "30", "10", "10"],
        ["nothing", "not finite", "30", "none", "none"],
    ]


def test_a_long_record_becomes_a_short_line_with_its_extremes(tmp_path: Path) -> None:
    count = 20_000
    losses = np.sin(np.arange(count) / 700) + 2
    losses[12_345], losses[6_789] = 9.0, -5.0
    records = [record(g + 1, discriminator_loss=float(loss)) for g, loss in enumerate(losses)]
    run = make_run(tmp_path / "run", records, generations=[count])
    figure = chart(report_of(run), "Discriminator's loss")
    (thin,) = drawn(figure, "recorded winner")
    assert len(thin) <= 3 * 300
    heights = [y for _, y in thin]
    assert min(heights) < 60, "the highest"
    assert max(heights) > 940, "the lowest"
    assert "lowest −5 at generation 6,790, highest 9 at generation 12,346" in figure.find("desc")[0].text
    assert (run / "report.html").stat().st_size < 1 << 20


def test_downsampling_keeps_gaps_and_extremes_of_every_part() -> None:
    y = np.arange(1000.0) % 10
    y[500] = math.nan
    x, kept = downsample(np.arange(1000.0), y, 50)
    assert len(x) <= 150
    assert np.isnan(kept).sum() == 1
    assert {0.0, 9.0} == set(kept[np.isfinite(kept)])
    assert (np.diff(x) > 0).all()
    np.testing.assert_array_equal(downsample(x, kept, 100)[1], kept)


def test_smoothing_is_the_mean_of_neighbours_and_leaves_gaps() -> None:
    np.testing.assert_allclose(
        smooth(np.array([1.0, 2.0, math.nan, 6.0, 8.0]), 3), [1.5, 1.5, math.nan, 7.0, 7.0], equal_nan=True
    )


@pytest.mark.parametrize(
    ("values", "log", "labels"),
    [
        ([0.0, 1.0], False, ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        ([-0.01, 0.013], False, ("−0.010", "−0.005", "0.000", "0.005", "0.010")),
        ([0.0, 50_000.0], False, ("0", "10,000", "20,000", "30,000", "40,000", "50,000")),
        ([0.1, 900.0], True, ("0.1", "1", "10", "100", "1000")),
        ([3.0, 3.0], False, ("2.7", "2.8", "2.9", "3.0", "3.1", "3.2", "3.3")),
        ([math.nan], False, ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
    ],
)
def test_ticks(values: list[float], log: bool, labels: tuple[str, ...]) -> None:
    axis = axis_of(np.array(values), log)
    assert axis.labels == labels
    places = axis.place(np.array(axis.ticks))
    assert ((places >= -1e-9) & (places <= 1 + 1e-9)).all()


@pytest.mark.parametrize("low", [0.0, -3e99, 1e-99, 7.0])
@pytest.mark.parametrize("span", [0.0, 1e-99, 1e-30, 1e-12, 0.07, 1.0, 123_456.0, 1e99])
@pytest.mark.parametrize("log", [False, True])
def test_any_range_has_few_ticks_with_different_labels(low: float, span: float, log: bool) -> None:
    axis = axis_of(np.array([low, low + span]), log)
    assert 1 <= len(axis.ticks) <= 8
    assert axis.low < axis.high
    if span > 1e-6 * abs(low):
        assert len(set(axis.labels)) == len(axis.labels)


def test_generations_have_whole_ticks() -> None:
    assert fixed_axis(0.0, 3.0, whole=True).labels == ("0", "1", "2", "3")


def test_numbers_are_written_for_people() -> None:
    shown = [format_number(value) for value in (0.0, 1234567.0, -0.012345678, 12345.678, 3e-9, 1.5e20, math.nan)]
    assert shown == ["0", "1,234,567", "−0.01235", "12,346", "3e−09", "1.5e+20", "not finite"]
    assert [format_duration(value) for value in (3.21, 59.96, 125, 7300, 400_000)] == [
        "3.2 s",
        "60.0 s",
        "2 min 5 s",
        "2 h 1 min",
        "4 d 15 h",
    ]


def test_spread_evenly() -> None:
    assert spread_evenly(3, 24) == [0, 1, 2]
    assert spread_evenly(100, 4) == [0, 33, 66, 99]
    assert spread_evenly(100, 1) == [99]


def test_a_chart_of_nothing_is_nothing() -> None:
    assert line_chart("x", [Line("a", np.arange(3.0), np.full(3, math.nan), "winner")], 3.0) == ""


def test_charts_have_names_and_units(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run"))
    charts = page.find("svg", class_="chart")
    assert len(charts) == 7
    for one in charts:
        title = one.children[0]
        assert title.name == "title"
        assert title.text
        assert (one.attributes["aria-label"] or "").startswith(title.text)
        assert "generation" in [text.text for text in one.find("text")]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def palettes() -> list[dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)
    return [dict(re.findall(r"--(\w[\w-]*): (#[0-9a-f]{6})", part)) for part in (light, dark)]


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_colors_can_be_read(palette: dict[str, str]) -> None:
    for text in ("ink", "soft", "accent"):
        assert contrast(palette[text], palette["panel"]) >= 4.5
        assert contrast(palette[text], palette["page"]) >= 4.5
    assert contrast(palette["warn"], palette["warn-page"]) >= 4.5
    for drawn_in in ("accent", "loser", *(f"color{i}" for i in range(6))):
        assert contrast(palette[drawn_in], palette["panel"]) >= 3.0, drawn_in


# Machado, Oliveira, Fernandes 2009, severity 1.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(color: str, sight: str) -> np.ndarray:
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(BLINDNESS[sight]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", BLINDNESS)
@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_mutations_are_told_apart_whatever_colors_one_sees(palette: dict[str, str], sight: str) -> None:
    colors = [palette[f"color{i}"] for i in range(6)]
    apart = {(i, j): np.linalg.norm(lab(colors[i], sight) - lab(colors[j], sight)) for i in range(6) for j in range(i)}
    assert min(apart.values()) > 15, apart
    assert min(value for pair, value in apart.items() if max(pair) < 4) > 23, "those that the package has"
