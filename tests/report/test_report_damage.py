"""Folders that are damaged, hostile or none of a run: a sentence in the report or one line on stderr, no traceback."""

from __future__ import annotations

import json
import math
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from egan_tf.report import columns, evaluations, events, reading, write_report, write_report_or_warn
from egan_tf.report.__main__ import main
from egan_tf.utils.checks import InputError
from tests.report.page import Element, chart, parse, section
from tests.report.runs import evaluation, make_run, record, write_lines


def report_of(folder: Path) -> Element:
    return parse(write_report(folder).read_text(encoding="utf-8"))


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def remove_samples(run: Path) -> None:
    for path in (run / "samples").iterdir():
        path.unlink()
    (run / "samples").rmdir()


def change_config(**values: Any) -> Callable[[Path], object]:
    def change(run: Path) -> None:
        config = json.loads((run / "config.json").read_text())
        (run / "config.json").write_text(json.dumps(config | values))

    return change


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "last line cut off": (
        lambda run: append(run / "metrics.jsonl", b'{"generation": 40, "fit'),
        "The last line of metrics.jsonl is cut off.",
    ),
    "lines of rubbish": (
        lambda run: append(run / "metrics.jsonl", b"\xff\xfe\n[1, 2]\n3\nnull\n{}\n" + b'{"generation": -1}\n'),
        "Lines of metrics.jsonl that hold no record: 6.",
    ),
    "nesting without end": (
        lambda run: append(run / "metrics.jsonl", b"[" * 100_000 + b"\n"),
        "Lines of metrics.jsonl that hold no record: 1.",
    ),
    "a line without end": (
        lambda run: append(run / "metrics.jsonl", b'"' + b"x" * (3 << 20) + b'"\n'),
        "Lines of metrics.jsonl that hold no record: 1.",
    ),
    "no metrics": (lambda run: (run / "metrics.jsonl").unlink(), "There are no records in metrics.jsonl."),
    "metrics that are a folder": (
        lambda run: ((run / "metrics.jsonl").unlink(), (run / "metrics.jsonl").mkdir()),
        "There are no records in metrics.jsonl.",
    ),
    "metrics that never end": (
        lambda run: ((run / "metrics.jsonl").unlink(), os.mkfifo(run / "metrics.jsonl")),
        "There are no records in metrics.jsonl.",
    ),
    "no config": (lambda run: (run / "config.json").unlink(), "There is no config.json."),
    "config that is no JSON": (lambda run: (run / "config.json").write_text("{"), "Config.json cannot be read."),
    "config of zeros": (lambda run: (run / "config.json").write_bytes(bytes(2 << 20)), "Config.json cannot be read."),
    "config nested without end": (
        lambda run: (run / "config.json").write_text("[" * 100_000),
        "Config.json cannot be read.",
    ),
    "config that is a list": (lambda run: (run / "config.json").write_text("[]"), "Config.json cannot be read."),
    "config with an unknown key": (change_config(novelty={}), "Config.json does not fit this version of egan_tf"),
    "config with a wrong type": (
        change_config(run={"steps": "many"}),
        "steps: must be a whole number of at least 1, got 'many'",
    ),
    "config with a number too long": (
        lambda run: (run / "config.json").write_text('{"run": {"steps": ' + "9" * 5000 + "}}"),
        "Config.json cannot be read.",
    ),
    "no samples": (remove_samples, "There is no folder samples."),
    "a picture that is none": (
        lambda run: (run / "samples" / "00000020.png").write_bytes(b"<svg onload=alert(1)>"),
        "Pictures in samples that cannot be read: 1.",
    ),
    "a picture cut off": (
        lambda run: (run / "samples" / "00000030.png").write_bytes(
            (run / "samples" / "00000010.png").read_bytes()[:45]
        ),
        "Pictures in samples that cannot be read: 1.",
    ),
    "a picture too large": (
        lambda run: Image.new("1", (5000, 5000)).save(run / "samples" / "00000010.png"),
        "Pictures in samples that cannot be read: 1.",
    ),
    "a picture of another kind": (
        lambda run: Image.new("L", (5, 5)).save(run / "samples" / "00000010.png", format="GIF"),
        "Pictures in samples that cannot be read: 1.",
    ),
    "evaluations of rubbish": (
        lambda run: write_lines(
            run / "evaluations.jsonl",
            [
                [],
                evaluation(metric=3),
                evaluation(metric=""),
                evaluation(value="high"),
                evaluation(step=-1),
                evaluation(value=True),
                {"metric": "fid", "step": 3},
            ],
        ),
        "Lines of evaluations.jsonl that hold no evaluation: 7.",
    ),
    "events of rubbish": (
        lambda run: write_lines(run / "events.jsonl", [[], {"event": 3}, {"event": "x", "time": 3}, {"time": "now"}]),
        "Lines of events.jsonl that hold no event: 4.",
    ),
    "run.json that is no JSON": (lambda run: (run / "run.json").write_text("?"), "Run.json cannot be read."),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_or_missing_is_named_and_the_rest_is_shown(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path / "run")
    assert report_of(run).find("section", id="problems") == []
    damage, sentence = DAMAGE[name]
    damage(run)
    page = report_of(run)
    assert sentence in section(page, "problems").text
    shown = [one.attributes["id"] for one in page.find("section")]
    assert set(shown) >= {"samples", "lineage", "children", "discriminator", "settings"}
    if "metrics" not in name:
        assert chart(page, "Fitness F")
    if "samples" not in name:
        assert section(page, "samples").find("img")


@pytest.mark.parametrize(
    "values",
    [
        {"discriminator_loss": "high"},
        {"discriminator_loss": True},
        {"discriminator_loss": 10**400},
        {"discriminator_loss": [1.0]},
        {"wins": [1, 2]},
        {"wins": {"minimax": -1, "heuristic": 2, "least_squares": 3}},
        {"wins": {"minimax": None}},
        {"children": 3},
        {"children": {"fitness": []}},
        {"children": {"fitness": [1.0], "quality": [1.0, 2.0], "diversity": [1.0]}},
        {"children": {"fitness": ["x"] * 3}},
        {"children": {"quality": [1.0]}},
    ],
    ids=json.dumps,
)
def test_values_of_a_wrong_type_are_left_out_and_counted(tmp_path: Path, values: dict[str, Any]) -> None:
    page = report_of(make_run(tmp_path / "run", [record(10), record(20, **values), record(30)]))
    assert "Values in metrics.jsonl of a wrong type or beyond all bounds: 1." in section(page, "problems").text
    for title in ("Fitness F", "Discriminator's loss"):
        assert "first" in chart(page, title).find("desc")[0].text


def test_counts_of_wins_that_cannot_be_are_left_out(tmp_path: Path) -> None:
    fewer, no_more, less_of_one = {"a": 1, "b": 1}, {"a": 5, "b": 5}, {"a": 1, "b": 19}
    wins = [{"a": 5, "b": 5}, fewer, no_more, less_of_one, {"a": 15, "b": 5}]
    page = report_of(make_run(tmp_path / "run", [record(10 * i, w) for i, w in enumerate(wins, start=1)]))
    lineage = section(page, "lineage")
    assert "3 records without possible counts are left out" in lineage.text
    assert lineage.one("table").rows[1:] == [["a", "15", "75.0 %"], ["b", "5", "25.0 %"], ["all", "20", "100.0 %"]]


def test_of_two_records_of_a_generation_the_later_counts(tmp_path: Path) -> None:
    records = [record(10, discriminator_loss=1.0), record(20, discriminator_loss=2.0)]
    records += [record(10, discriminator_loss=4.0), record(30, discriminator_loss=3.0)]
    page = report_of(make_run(tmp_path / "run", records))
    said = chart(page, "Discriminator's loss").find("desc")[0].text
    assert "first 4 at generation 10, lowest 2 at generation 20, highest 4 at generation 10, last 3" in said


def test_long_files_are_read_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", [record(g) for g in range(1, 41)])
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in range(50)])
    write_lines(run / "events.jsonl", [{"event": "resumed"}] * 10)
    monkeypatch.setattr(events, "MAX_EVENTS", 6)
    monkeypatch.setattr(columns, "MAX_RECORDS", 7)
    monkeypatch.setattr(evaluations, "MAX_EVALUATIONS", 5)
    page = report_of(run)
    assert "only the first 7 records are shown" in section(page, "problems").text
    assert "only the first 5 records are shown" in section(page, "problems").text
    assert "only the first 6 events are shown" in section(page, "problems").text
    assert "last 1.2 at generation 7." in chart(page, "Discriminator's loss").find("desc")[0].text
    monkeypatch.setattr(columns, "MAX_RECORDS", 1000)
    monkeypatch.setattr(reading, "MAX_LINES", 2000)
    assert "metrics.jsonl is too large" in section(report_of(run), "problems").text.lower()


def test_names_without_end_make_no_columns_without_end() -> None:
    lines = ({"generation": i, f"name{i}": 1.0} for i in range(3000))
    read = columns.read_columns(lines)
    assert len(read) == 3000
    assert len(read.values) == columns.MAX_COLUMNS


def values_of_any_kind(source: random.Random, depth: int = 0) -> Any:
    plain = [None, True, -1, 0, 3.5, 2**63, 1e300, float("nan"), float("inf"), "", "<b>", "\ud800", 10**310]
    if depth == 3 or source.random() < 0.6:
        return source.choice(plain)
    inner = [values_of_any_kind(source, depth + 1) for _ in range(source.randrange(4))]
    names = ["fitness", "quality", "minimax", "steps", "run", "<i>"]
    return inner if source.random() < 0.5 else {source.choice(names): value for value in inner}


def changed(value: Any, source: random.Random) -> Any:
    """`value` with something of any kind in a place or two."""
    if isinstance(value, dict) and value and source.random() < 0.9:
        key = source.choice(list(value))
        return value | {key: changed(value[key], source)}
    if isinstance(value, list) and value and source.random() < 0.7:
        place = source.randrange(len(value))
        return [*value[:place], changed(value[place], source), *value[place + 1 :]]
    return values_of_any_kind(source)


def test_large_and_odd_settings_are_shown(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    change_config(run={"steps": 10**4000}, evolution={"gamma": math.nan}, optimizer={"epsilon": 1e300})(run)
    page = report_of(run)
    cells = dict(row for table in section(page, "settings").find("table") for row in table.rows[1:])
    assert (cells["steps"], cells["gamma"], cells["epsilon"]) == ("a number of many digits", "nan", "1e+300")


def test_whatever_the_files_hold_a_page_comes_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    about = {"versions": {"python": "3"}, "argv": ["a"], "started": "now"}
    for seed in range(150):
        source = random.Random(seed)
        write_lines(run / "metrics.jsonl", [changed(record(10 * i), source) for i in range(1, 6)])
        write_lines(run / "evaluations.jsonl", [changed(evaluation(step=i), source) for i in range(4)])
        write_lines(run / "events.jsonl", [changed({"event": "resumed", "generation": i}, source) for i in range(4)])
        (run / "config.json").write_text(json.dumps(changed(config, source)))
        (run / "run.json").write_text(json.dumps(changed(about, source)))
        page = report_of(run)
        assert page.find("i") == []
        assert "nan" not in " ".join(path.attributes["d"] or "" for path in page.find("path"))


BAD = {
    "no folder": (["absent"], "run: no folder absent"),
    "a file": (["file"], "run: no folder file"),
    "a folder of something else": (["empty"], "run: empty is not the folder of a run"),
    "nothing": ([], "arguments: the following arguments are required: run"),
    "an unknown flag": (["run", "--fast"], "arguments: unrecognized arguments: --fast"),
    "a report that is no page": (["run", "--out", "config.json"], "out: must end in .html, got config.json"),
    "nowhere to write": (["run", "--out", "absent/x.html"], "out: cannot write"),
    "a file in the way": (["run", "--out", "folder.html"], "out: cannot write"),
    "the same run twice": (["run", "./empty/../run"], "run: given twice: run, empty/../run"),
    "too many": ([f"run{i}" for i in range(13)], "run: a comparison takes 2 to 12 runs, got 13"),
    "a second that is none": (["run", "empty"], "run: empty is not the folder of a run"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.html").mkdir()
    before = sorted(tmp_path.rglob("*"))
    arguments, message = BAD[name]
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        main(arguments)
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left behind"


def test_the_command_exits_with_2_and_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "egan_tf.report", str(tmp_path / "absent")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"python -m egan_tf.report: error: run: no folder {tmp_path / 'absent'}\n"
    assert done.stdout == ""


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    run = make_run(tmp_path / os.fsdecode(b"run-\xff"))
    done = subprocess.run([sys.executable, "-m", "egan_tf.report", run], capture_output=True, check=True)
    assert done.stdout.decode().endswith("run-\ufffd/report.html\n")
    assert parse((run / "report.html").read_text()).one("h1").text == "run-\ufffd"


def test_settings_without_end_are_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "config.json").write_text(json.dumps({f"section{i}": {"a": [[[[[[[[1]]]]]]]]} for i in range(20_000)}))
    tables = section(report_of(run), "settings").find("table")
    assert len(tables) == 500
    assert tables[0].rows[1] == ["a", "…"]


def test_nothing_is_written_through_links(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    outside = tmp_path / "outside"
    outside.write_text("precious")
    (run / "report.html").symlink_to(outside)
    (run / ".report.html.partial").symlink_to(outside)
    write_report(run)
    assert outside.read_text() == "precious"
    assert not (run / "report.html").is_symlink()
    parse((run / "report.html").read_text())


def test_a_report_that_cannot_be_written_leaves_the_old_one_and_no_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "run")
    (run / "report.html").write_text("old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    write_report_or_warn(run)
    (said,) = capsys.readouterr().err.splitlines()
    assert re.match("no report of the run was written: .*No space left", said)
    with pytest.raises(InputError, match="^out: cannot write .*No space left"):
        main([str(run)])
    assert (run / "report.html").read_text() == "old"
    assert not [path for path in run.iterdir() if path.name.startswith(".")]
