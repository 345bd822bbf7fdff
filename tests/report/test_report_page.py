"""The report of a run as a page: one file, well formed, self-contained, escaped."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from egan_tf.report import write_report
from tests.report.page import Element, everything, parse, section
from tests.report.runs import config_of, evaluation, make_run, record, write_lines

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&\x00\ud800"

EVENTS = [
    {"event": "started", "time": "2026-01-02T03:04:05Z"},
    {"event": "went back", "time": "2026-01-02T03:05:05Z", "generation": 2000, "to": 1000},
    {"event": "resumed", "time": "", "generation": 1000, "changes": {"run.steps": [30, 40]}, "passed_over": []},
]


def report_of(folder: Path) -> Element:
    return parse(write_report(folder).read_text(encoding="utf-8"))


def full_run(folder: Path) -> Path:
    """A run that has everything that a report can show."""
    run = make_run(folder, [record(g, rejected_children=g, skipped_discriminator_steps=0) for g in (10, 20, 30)])
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in (10, 20)])
    write_lines(run / "events.jsonl", EVENTS)
    about = {"versions": {"python": "3.11.2"}, "argv": ["train_tf.py", "--name", "a b"], "started": "2026-01-02"}
    (run / "run.json").write_text(json.dumps(about))
    return run


def test_every_section_is_there_and_reached_from_the_top(tmp_path: Path) -> None:
    page = report_of(full_run(tmp_path / "001-digits"))
    identities = [one.attributes["id"] for one in page.find("section")]
    assert (
        " ".join(map(str, identities))
        == "samples lineage children discriminator metrics counters events settings versions"
    )
    links = [link.attributes["href"] for link in page.one("nav").find("a")]
    assert links == [f"#{identity}" for identity in identities]
    assert page.one("h1").text == "001-digits"
    assert page.one("head").one("title").text == "001-digits · E-GAN"


def test_what_happened_is_told_in_order(tmp_path: Path) -> None:
    page = report_of(full_run(tmp_path / "run"))
    (table,) = section(page, "events").find("table")
    assert table.rows[1:] == [
        ["2026-01-02T03:04:05Z", "started", "", ""],
        ["2026-01-02T03:05:05Z", "went back", "2,000", "to: 1000"],
        ["", "resumed", "1,000", "changes: run.steps 30, 40"],
    ]


def test_what_is_optional_is_left_out(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "001-digits"))
    identities = {one.attributes["id"] for one in page.find("section")}
    assert identities == {"samples", "lineage", "children", "discriminator", "settings"}


def test_key_figures(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run", config=config_of(run={"steps": 40})))
    figures = {one.one("dt").text: [dd.text for dd in one.find("dd")] for one in page.one("dl").find("div")}
    assert figures["Generations"] == ["30", "of 40"]
    assert figures["Training time"] == ["3.0 s", "10 generations a second"]
    assert figures["Fitness F"][0] == "0.48"
    assert figures["Leading mutation"] == ["minimax", "made 93.3 % of survivors"]
    assert "30 of 40 generations recorded" in page.one("header").text


def test_the_page_asks_nothing_of_anybody(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    text = write_report(run).read_text()
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not re.search(r"url\(", text)
    for one in everything(parse(text)):
        assert one.name not in {"link", "iframe", "object", "embed", "form", "base", "audio", "video", "source", "use"}
        for name, value in one.attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcset", "action", "ping", "data", "background", "poster", "xlink:href"}
            if name == "src":
                assert str(value).startswith("data:image/png;base64,")
            if name == "href":
                assert str(value).startswith("#")


def test_the_policy_allows_the_pages_own_style_and_script_and_no_other(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run"))
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for name in ("style", "script"):
        (one,) = page.find(name)
        digest = base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"


def test_text_from_files_is_text(tmp_path: Path) -> None:
    run = full_run(tmp_path / "<b>run")
    config = json.loads((run / "config.json").read_text())
    config["run"]["name"] = config["data"]["dataset"] = HOSTILE
    config[HOSTILE] = {HOSTILE: HOSTILE}
    (run / "config.json").write_text(json.dumps(config))
    wins = {HOSTILE: 3, "</svg>": 7}
    write_lines(run / "metrics.jsonl", [record(10, wins, **{HOSTILE: 4, "a<i>": 1})])
    write_lines(run / "evaluations.jsonl", [evaluation(HOSTILE, step=s, split=HOSTILE, seed=HOSTILE) for s in (1, 2)])
    write_lines(run / "events.jsonl", [{"event": HOSTILE, "time": HOSTILE, HOSTILE: HOSTILE}])
    about = {"versions": {HOSTILE: HOSTILE}, "argv": [HOSTILE], "started": HOSTILE}
    (run / "run.json").write_text(json.dumps(about))
    page = report_of(run)
    assert len(page.find("script")) == 1
    assert page.find("i") == []
    assert len(page.find("img")) == 4, "one shown and three in the overview"
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    for identity in ("lineage", "metrics", "settings", "versions", "counters", "events"):
        assert shown.lower() in section(page, identity).text.lower().replace("_", " "), identity
    assert page.one("h1").text == "<b>run"


def test_the_slider_shows_every_grid_and_without_it_all_can_be_seen(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run", generations=(10, 20, 300)))
    samples = section(page, "samples")
    slider = samples.one("input")
    assert slider.attributes["type"] == "range"
    assert (slider.attributes["min"], slider.attributes["max"], slider.attributes["value"]) == ("0", "2", "2")
    assert slider.attributes["aria-label"]
    assert "hidden" in samples.one("div", id="grid-control").attributes, "nothing to move where no script moves it"
    grids = samples.one("div", id="all-grids")
    assert [one.text for one in grids.find("figcaption")] == ["generation 10", "generation 20", "generation 300"]
    assert [gray(one) for one in grids.find("img")] == [10, 20, 300 % 256]
    assert gray(samples.one("img", id="grid-shown")) == 300 % 256
    assert all(one.attributes["alt"] and one.attributes["width"] == "16" for one in samples.find("img"))


def test_few_grids_of_many_are_shown_the_first_and_the_last_among_them(tmp_path: Path) -> None:
    page = report_of(make_run(tmp_path / "run", generations=range(10, 1010, 10)))
    shown = [one.text for one in section(page, "samples").one("div", id="all-grids").find("figcaption")]
    assert len(shown) == 24
    assert (shown[0], shown[-1]) == ("generation 10", "generation 1,000")
    steps = {int(b.split()[1].replace(",", "")) - int(a.split()[1]) for a, b in itertools.pairwise(shown)}
    assert steps <= {40, 50}
    assert "All 24 of 100 grids" in section(page, "samples").one("summary").text


def test_large_grids_stay_within_bounds(tmp_path: Path) -> None:
    page_bytes = 12 << 20

    def noise(generation: int) -> Image.Image:
        return Image.effect_noise((1200, 1200), 100 + generation)

    run = make_run(tmp_path / "run", generations=range(1, 25), draw=noise)
    one = (run / "samples" / "00000001.png").stat().st_size
    assert 24 * one > page_bytes, "or this shows nothing"
    report = write_report(run)
    assert report.stat().st_size < page_bytes + 2 * one + (1 << 20)
    shown = section(parse(report.read_text()), "samples").one("div", id="all-grids").find("figcaption")
    assert 1 < len(shown) < 24
    assert shown[-1].text == "generation 24"


def gray(image: Element) -> int:
    """The one shade of a data: URI's picture."""
    source = image.attributes["src"]
    assert source is not None
    with Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))) as picture:
        low, high = picture.getextrema()
    assert low == high
    return int(low)


def test_the_same_folder_gives_the_same_page_and_nothing_else_changes(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    before = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first
    after = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before | {Path("run/report.html"): first}


@pytest.mark.parametrize("count", [1, 2])
def test_the_command_line_imports_neither_tensorflow_nor_what_only_training_needs(tmp_path: Path, count: int) -> None:
    runs = [str(full_run(tmp_path / f"00{i}-run")) for i in range(count)]
    command = [sys.executable, "-X", "importtime", "-m", "egan_tf.report", *runs]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert {"egan_tf", "numpy", "PIL"} <= imported
    assert not imported & {"tensorflow", "keras", "matplotlib", "tyro", "tqdm", "sklearn", "onnxruntime"}
    written = tmp_path / ("000-run/report.html" if count == 1 else "comparison.html")
    assert done.stdout == f"report: {written}\n"
    parse(written.read_text())
