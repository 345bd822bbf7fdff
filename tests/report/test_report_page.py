"""The report of a run as a page: one file, well formed, self-contained, escaped, deterministic."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from egan_tf import report
from egan_tf.evolution.fitness import FITNESSES
from egan_tf.report import write_report
from egan_tf.report.run_page import FORMULAS
from egan_tf.report.run_record import read_run
from egan_tf.report.selection import selection_of
from tests.report.page import Element, everything, parse, report_of, section
from tests.report.runs import config_of, evaluation, full_run, make_run, record, write_lines

TEMPLATES = Path(report.__file__).parent / "templates"
HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&{{ 7*7 }}$x_1$\x00\ud800"


def test_sections_are_there_when_there_is_something_to_show_and_reached_from_the_top(tmp_path: Path) -> None:
    everything_shown = "samples lineage children discriminator metrics counters events settings versions"
    least = "samples lineage children discriminator settings"
    for run, names in ((full_run(tmp_path / "full"), everything_shown), (make_run(tmp_path / "least"), least)):
        page = report_of(run)
        assert [one.attributes["id"] for one in page.find("section")] == names.split()
        assert [a.attributes["href"] for a in page.one("nav").find("a")] == [f"#{name}" for name in names.split()]
        assert page.one("h1").text == run.name


def test_key_figures_and_events(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", config=config_of(run={"steps": 40}, evolution={"seed": 7}))
    write_lines(run / "events.jsonl", [{"event": "resumed", "generation": 1000, "changes": {"steps": [3, 4]}, "x": []}])
    page = report_of(run)
    figures = {one.one("dt").text: [dd.text for dd in one.find("dd")] for one in page.one("dl").find("div")}
    assert figures["Generations"] == ["30", "of 40"]
    assert figures["Training time"] == ["3.0 s", "10 generations per second"]
    assert figures["Fitness F"][0] == "0.48"
    assert figures["Leading mutation"] == ["minimax", "made 93.3 % of the survivors"]
    assert "seed 7" in page.one("header").text
    assert "30 of 40 generations recorded" in page.one("header").text
    assert section(page, "events").one("table").rows[1:] == [["", "resumed", "1,000", "changes: steps 3, 4"]]


def test_a_run_with_earlier_names_is_shown(tmp_path: Path) -> None:
    records = [record(g) for g in (10, 20, 30)]
    old = [{**one, "wins": one.pop("selection_counts")} for one in records]
    config = config_of()
    config["evolution"] = {"gamma": 0.25, "reuse_scoring": True}
    page = report_of(make_run(tmp_path / "run", old, config=config))
    assert page.find("section", id="problems") == []
    assert section(page, "lineage").one("table").rows[1] == ["minimax", "28", "93.3 %"]
    assert "F = Fq + γ·Fd, γ = 0.25" in section(page, "children").text
    assert "--gamma 0.25" in section(page, "settings").one("pre").text, "earlier names are read"
    assert "reuse scoringyes" in section(page, "settings").text.replace("\n", "")


@pytest.mark.parametrize(
    ("fitness", "says"),
    [
        ("logit", "F = E[D(G(z))] + γ·Fd, γ = 0.25."),
        ("quality", "F = Fq."),
        ("mine", "F is a function of the user."),
        (["a"], "F is not known."),
    ],
)
def test_the_fitness_is_that_of_the_run(tmp_path: Path, fitness: Any, says: str) -> None:
    config = config_of()
    config["evolution"] = {"gamma": 0.25, "fitness": fitness}
    page = report_of(make_run(tmp_path / "run", [record(10), record(20)], config=config))
    assert says in section(page, "children").text


def test_every_fitness_has_its_formula() -> None:
    assert set(FORMULAS) == set(FITNESSES)


def test_tournaments_are_drawn_and_ties_are_no_wins(tmp_path: Path) -> None:
    wins = [{"minimax": 0, "heuristic": n // 2, "least_squares": 0} for n in range(3)]
    records = [
        record(
            10 * (n + 1),
            decided_counts=won,
            tournaments=4 * (n + 1),
            decided_tournaments=n // 2,
            fitness_spread=0.5 / (n + 1),
            quality_error=0.125,
            tournament=0.0,
        )
        for n, won in enumerate(wins)
    ]
    page = report_of(make_run(tmp_path / "run", records))
    assert page.find("section", id="problems") == []
    lineage = section(page, "lineage")
    assert lineage.one("table").rows[1:3] == [["minimax", "0", "0.0 %"], ["heuristic", "1", "100.0 %"]]
    assert "impossible" not in lineage.text
    assert "100.0 % of the decided wins" in page.one("dl").text
    tournaments = section(page, "tournaments").text
    assert "held0.4" in tournaments.replace("\n", "").replace(" ", "")
    assert "standard error of the quality" in tournaments
    assert "Decided tournaments" not in tournaments


def test_a_share_is_of_all_survivors_of_an_interval(tmp_path: Path) -> None:
    counts = [(10, 4, 0), (20, 5, 1)]  # survivors, decided wins of either mutation
    records = [
        record(
            generations,
            selection_counts={"minimax": generations // 2, "heuristic": generations // 2},
            decided_counts={"minimax": minimax, "heuristic": heuristic},
            tournaments=generations,
            decided_tournaments=minimax + heuristic,
        )
        for generations, minimax, heuristic in counts
    ]
    selection = selection_of(read_run(make_run(tmp_path / "run", records)).columns)
    assert selection is not None and selection.decided
    assert selection.shares.tolist() == [[0.4, 0.0], [0.1, 0.1]]
    assert selection.counts == {"minimax": 5, "heuristic": 1}


def test_a_run_in_which_nothing_was_decided(tmp_path: Path) -> None:
    nothing = {"minimax": 0, "heuristic": 0}
    records = [record(n, decided_counts=nothing, tournaments=n, decided_tournaments=0) for n in (10, 20)]
    page = report_of(make_run(tmp_path / "run", records))
    assert "none has won by more than rounding" in section(page, "lineage").text
    assert page.find("section", id="problems") == []


def test_without_tournaments_it_is_shown_which_mutations_made_the_survivors(tmp_path: Path) -> None:
    """As under a bandit."""
    records = [
        record(n, decided_counts={"minimax": 0, "heuristic": 0}, tournaments=0, decided_tournaments=0)
        | {"selection_counts": {"minimax": n // 5, "heuristic": n - n // 5}}
        for n in (10, 20)
    ]
    page = report_of(make_run(tmp_path / "run", records))
    lineage = section(page, "lineage")
    assert lineage.one("table").rows[1:] == [
        ["minimax", "4", "20.0 %"],
        ["heuristic", "16", "80.0 %"],
        ["all", "20", "100.0 %"],
    ]
    assert "rounding" not in lineage.text


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    text = write_report(full_run(tmp_path / "run")).read_text()
    assert not re.search(r"https?:|@import|url\(", text)
    banned = {"link", "iframe", "object", "embed", "form", "base", "audio", "video", "source", "use", "image"}
    for one in everything(parse(text)):
        assert one.name not in banned
        for name, value in one.attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcset", "action", "ping", "data", "background", "poster", "xlink:href"}
            assert name != "src" or str(value).startswith("data:image/png;base64,")
            assert name != "href" or str(value).startswith("#")


def test_templates_trust_only_what_the_package_made() -> None:
    text = "".join(path.read_text() for path in TEMPLATES.glob("*.html"))
    assert sorted(re.findall(r"([\w.]+) *\| *safe", text)) == ["chart.svg", "grid.uri", "page.script", "page.style"]


def test_the_policy_allows_the_pages_own_style_and_script_only(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run"))
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"] or ""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["img-src"]) == ("'none'", "data:")
    for name in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.one(name).text.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"


def test_text_from_files_is_text(tmp_path: Path) -> None:
    run = full_run(tmp_path / "<b>run")
    config = json.loads((run / "config.json").read_text())
    config["run"]["name"] = config["data"]["dataset"] = HOSTILE
    (run / "config.json").write_text(json.dumps(config | {HOSTILE: {HOSTILE: HOSTILE}}))
    write_lines(run / "metrics.jsonl", [record(10, {HOSTILE: 3, "</svg>": 7}, **{HOSTILE: 4, "a<i>": 1})])
    write_lines(run / "evaluations.jsonl", [evaluation(HOSTILE, step=s, split=HOSTILE, seed=HOSTILE) for s in (1, 2)])
    write_lines(run / "events.jsonl", [{"event": HOSTILE, "time": HOSTILE, HOSTILE: HOSTILE}])
    (run / "versions.json").write_text(json.dumps({HOSTILE: HOSTILE}))
    page = report_of(run)
    assert len(page.find("script")) == 1
    assert len(page.find("img")) == 4, "one shown and three in the overview"
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd").replace("_", " ").lower()
    for identity in ("lineage", "metrics", "settings", "versions", "counters", "events"):
        assert shown in section(page, identity).text.lower().replace("_", " "), identity
    assert page.one("h1").text == "<b>run"


def gray(image: Element) -> int:
    """The one shade of a data: URI's picture."""
    with Image.open(io.BytesIO(base64.b64decode((image.attributes["src"] or "").split(",")[1]))) as picture:
        low, high = picture.getextrema()
    assert low == high
    return int(low)  # type: ignore[arg-type]


def test_the_slider_shows_every_grid_and_without_it_all_can_be_seen(tmp_path: Path) -> None:
    samples = section(report_of(make_run(tmp_path / "run", generations=(10, 20, 300))), "samples")
    slider = samples.one("input").attributes
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "2")
    assert "hidden" in samples.one("div", id="grid-control").attributes, "only a script that works shows the slider"
    grids = samples.one("details").one("div", id="all-grids")
    assert [one.text for one in grids.find("figcaption")] == ["generation 10", "generation 20", "generation 300"]
    assert [gray(one) for one in grids.find("img")] == [10, 20, 300 % 256]
    assert gray(samples.one("img", id="grid-shown")) == 300 % 256
    assert all(one.attributes["alt"] and one.attributes["width"] == "16" for one in samples.find("img"))


def test_pictures_are_bounded_in_number_and_size(tmp_path: Path) -> None:
    many = section(report_of(make_run(tmp_path / "many", generations=range(10, 1010, 10))), "samples")
    shown = [one.text for one in many.one("div", id="all-grids").find("figcaption")]
    assert (len(shown), shown[0], shown[-1]) == (24, "generation 10", "generation 1,000")
    assert "All 24 of 100 grids" in many.one("summary").text
    run = make_run(tmp_path / "large", None, range(1, 25), draw=lambda g: Image.effect_noise((1200, 1200), 100 + g))
    assert sum(path.stat().st_size for path in (run / "samples").iterdir()) > 20 << 20, "or this shows nothing"
    assert write_report(run).stat().st_size < 16 << 20
    shown = [one.text for one in parse((run / "report.html").read_text()).find("figcaption")]
    assert shown[0] == "generation 24"


def test_the_same_folder_gives_the_same_page_and_nothing_else_changes(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    first = write_report(run).read_bytes()
    # Another process has other hash seeds; another user, other settings of matplotlib.
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\naxes.facecolor: red\nsvg.fonttype: path\n")
    command = [sys.executable, "-m", "egan_tf.report", str(run)]
    subprocess.run(command, check=True, capture_output=True, env={"MATPLOTLIBRC": str(tmp_path), "PYTHONPATH": "."})
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert after == before | {run / "report.html": first}


@pytest.mark.parametrize("count", [1, 2])
def test_the_command_imports_neither_tensorflow_nor_what_only_training_needs(tmp_path: Path, count: int) -> None:
    runs = [str(full_run(tmp_path / f"00{i}-run")) for i in range(count)]
    command = [sys.executable, "-X", "importtime", "-m", "egan_tf.report", *runs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert {"egan_tf", "numpy", "PIL", "matplotlib", "jinja2"} <= imported
    assert not imported & {"tensorflow", "keras", "tqdm", "sklearn", "onnxruntime", "matplotlib.pyplot"}
    written = tmp_path / ("000-run/report.html" if count == 1 else "comparison.html")
    assert done.stdout == f"report: {written}\n"


def test_the_metrics_of_each_class_are_a_table(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    lines = [
        {**evaluation(value=value, step=step), "class": name}
        for name, value, step in (("shirt", 3.0, 10), ("<b>", 4.0, 10), ("shirt", 2.5, 20))
    ]
    write_lines(run / "evaluations_by_class.jsonl", [*lines, {"class": 3}, evaluation(step=20)])
    page = report_of(run)
    rows = next(table for table in page.find("table") if table.rows[0][0] == "class").rows
    assert [row[:4] for row in rows[1:]] == [
        ["shirt", "frechet_distance", "2.5", "20"],
        ["<b>", "frechet_distance", "4", "10"],
    ]
