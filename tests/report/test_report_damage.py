"""Run folders that are damaged, hostile or no run folders: a sentence on the page, or one line on stderr."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import random
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf.report import columns, reading, run_record, write_comparison
from egan_tf.utils import json_lines
from tests.report.page import chart, description, parse, report_of, section
from tests.report.runs import config_of, evaluation, full_run, make_run, record, write_lines

NESTED = b"[" * 100_000
LINES = "Lines of {} without a usable record: "
PNG = "Pictures in samples that cannot be read: 1."
CONFIG = "config.json cannot be read."
EMPTY = "There are no records in metrics.jsonl."
BAD_EVALUATIONS = [[], *({"metric": m, "value": v, "step": s} for m, v, s in [(3, 1, 1), ("", 1, 1), ("a", "x", 1)])]
BAD_EVALUATIONS += [evaluation(step=-1), evaluation(value=True), {"metric": "a", "step": 3}]
BAD_EVENTS = [[], {"event": 3}, {"event": "x", "time": 3}, {"time": "now"}]


def as_lines(*values: Any) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


# File, its new content (after "+": content to append; None: no file), and the sentence on the page.
DAMAGE: dict[str, tuple[str, bytes | None, str]] = {
    "cut off": ("+metrics.jsonl", b'{"generation": 40, "fit', "The last line of metrics.jsonl is cut off."),
    "rubbish": ("+metrics.jsonl", b'\xff\xfe\n[1]\n3\nnull\n{}\n{"generation": -1}\n', LINES + "6."),
    "nested": ("+metrics.jsonl", NESTED + b"\n", LINES + "1."),
    "long line": ("+metrics.jsonl", b'"' + b"x" * (3 << 20) + b'"\n', LINES + "1."),
    "no metrics": ("metrics.jsonl", None, EMPTY),
    "no config": ("config.json", None, "There is no config.json."),
    "config no JSON": ("config.json", b"{", CONFIG),
    "config of zeros": ("config.json", bytes(2 << 20), CONFIG),
    "config nested": ("config.json", NESTED, CONFIG),
    "config a list": ("config.json", b"[]", CONFIG),
    "config number too long": ("config.json", b'{"run": {"steps": ' + b"9" * 5000 + b"}}", CONFIG),
    "picture no picture": ("samples/00000020.png", b"<svg onload=alert(1)>", PNG),
    "picture cut off": ("samples/00000030.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10", PNG),
    "evaluations": ("evaluations.jsonl", as_lines(*BAD_EVALUATIONS), LINES + "7."),
    "events": ("events.jsonl", as_lines(*BAD_EVENTS), LINES + "4."),
    "timings": ("+timings.jsonl", b"\xff\n", LINES + "1."),
    "versions": ("versions.json", b"?", "versions.json cannot be read."),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_and_the_rest_is_shown(tmp_path: Path, name: str) -> None:
    run = make_run(tmp_path / "run")
    file, content, sentence = DAMAGE[name]
    path = run / file.removeprefix("+")
    if content is None:
        path.unlink()
    else:
        path.write_bytes((path.read_bytes() if file.startswith("+") else b"") + content)
    page = report_of(run)
    assert sentence.format(path.name) in section(page, "problems").text
    assert {one.attributes["id"] for one in page.find("section")} >= {"samples", "lineage", "children", "settings"}
    assert name == "no metrics" or chart(page, "Fitness F")
    assert section(page, "samples").find("img")


def test_files_of_another_kind_are_not_opened(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for name in ("metrics.jsonl", "config.json"):
        (run / name).unlink()
    os.mkfifo(run / "metrics.jsonl")
    (run / "config.json").mkdir()
    Image.new("1", (5000, 5000)).save(run / "samples" / "00000010.png")
    Image.new("L", (5, 5)).save(run / "samples" / "00000020.png", format="GIF")
    said = [item.text for item in section(report_of(run), "problems").find("li")]
    assert said == [CONFIG, EMPTY, "Pictures in samples that cannot be read: 2."]


CHILDREN = [3, {"fitness": []}, {"fitness": [1.0], "quality": [1.0, 2.0]}, {"fitness": ["x"] * 3}, {"quality": [1.0]}]
WRONG = [
    *({"discriminator_loss": value} for value in ("high", True, 10**400, [1.0])),
    *({"selection_counts": counts} for counts in ([1, 2], {"minimax": -1, "heuristic": 2}, {"minimax": None})),
    *({"children": children} for children in [*CHILDREN, {"fitness": {"a": 1}}]),
]


@pytest.mark.parametrize("values", WRONG, ids=lambda values: json.dumps(values)[:60])
def test_values_of_a_wrong_type_are_left_out_and_counted(tmp_path: Path, values: dict[str, Any]) -> None:
    page = report_of(make_run(tmp_path / "run", [record(10), record(20, **values), record(30)]))
    assert "Values in metrics.jsonl of a wrong type or out of range: 1." in section(page, "problems").text
    assert all("first" in description(page, title) for title in ("Fitness F", "Discriminator loss"))


def test_impossible_counts_are_left_out_and_later_records_replace_earlier_ones(tmp_path: Path) -> None:
    counts = [{"a": 5, "b": 5}, {"a": 1, "b": 1}, {"a": 5, "b": 5}, {"a": 1, "b": 19}, {"a": 15, "b": 5}]
    records = [record(10 * i, row, discriminator_loss=float(i)) for i, row in enumerate(counts, start=1)]
    page = report_of(make_run(tmp_path / "run", [record(10, counts[0], discriminator_loss=9.0), *records]))
    lineage = section(page, "lineage")
    assert "3 records with impossible counts are left out" in lineage.text
    assert lineage.one("table").rows[1:3] == [["a", "15", "75.0 %"], ["b", "5", "25.0 %"]]
    assert "first 1 at generation 10, lowest 1 at generation 10, highest 5" in description(page, "Discriminator loss")


def test_long_files_are_read_in_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", [record(g, **{f"name{g}": 1.0}) for g in range(1, 200)])
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in range(50)])
    write_lines(run / "events.jsonl", [{"event": "resumed"}] * 10)
    assert len(columns.read_columns(run / "metrics.jsonl", []).values) == columns.MAX_COLUMNS
    limits = ((columns, "MAX_RECORDS", 7), (run_record, "MAX_EVALUATIONS", 5), (run_record, "MAX_EVENTS", 6))
    for module, name, limit in limits:
        monkeypatch.setattr(module, name, limit)
    page = report_of(run)
    for file, limit in (("evaluations", 5), ("events", 6)):
        assert f"Only the first {limit} records of {file}.jsonl are shown." in section(page, "problems").text
    problems = section(page, "problems").text
    assert "metrics.jsonl holds more than 7 records; one of 32 is shown, and the last" in problems
    assert "last 1.2 at generation 199." in description(page, "Discriminator loss")
    monkeypatch.setattr(json_lines, "MAX_BYTES", 2000)
    assert "metrics.jsonl is too large to be read to its end." in section(report_of(run), "problems").text


@pytest.mark.parametrize("count", [6, 7, 8, 14, 15, 100])
def test_a_long_run_is_thinned_evenly_and_ends_with_its_last_record(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MAX_RECORDS", 7)
    write_lines(
        tmp_path / "m.jsonl",
        [record(g + 1, late=float(g + 1)) if g > 50 else record(g + 1) for g in range(1, count + 1)],
    )
    problems: list[str] = []
    found = columns.read_columns(tmp_path / "m.jsonl", problems)
    steps = np.diff(found.generations)
    assert len(found) <= 8 and found.generations[0] == 2 and found.generations[-1] == count + 1
    assert (steps[:-1] == steps[0]).all() and steps[-1] <= steps[0] and (steps[0] == 1) == (count <= 7)
    assert len(problems) == (count > 7)
    late = found.column("late")
    assert np.array_equal(np.isfinite(late), found.generations > 51) and (late[np.isfinite(late)] % 1 == 0).all()


def test_a_picture_too_large_to_embed_is_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 121, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    size = (tmp_path / "large.png").stat().st_size
    assert reading.read_png(tmp_path / "large.png")[1:] == (121, 90)  # type: ignore[index]
    monkeypatch.setattr(reading, "MAX_IMAGE", size // 3)
    uri, width, height = reading.read_png(tmp_path / "large.png") or ("", 0, 0)
    content = base64.b64decode(uri.split(",")[1])
    with Image.open(io.BytesIO(content)) as smaller:
        assert smaller.size == (width, height) == (61, 45) and len(content) <= size // 3
    monkeypatch.setattr(reading, "MAX_FILE", size - 1)
    assert reading.read_png(tmp_path / "large.png") is None


def test_a_picture_with_a_damaged_chunk_is_left_out(tmp_path: Path) -> None:
    """An empty colour profile after the pixels, at which a decoder raises what it should not."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    end = content.getvalue().rindex(b"IEND") - 4
    chunk = b"\0\0\0\0iCCP" + zlib.crc32(b"iCCP").to_bytes(4, "big")
    (tmp_path / "odd.png").write_bytes(content.getvalue()[:end] + chunk + content.getvalue()[end:])
    assert reading.read_png(tmp_path / "odd.png") is None


def test_odd_settings_are_shown_and_bounded(tmp_path: Path) -> None:
    odd = {
        "run": {"steps": 10**4000},
        "evolution": {"gamma": math.nan},
        "deep": {"a": [[[[[[[1]]]]]]], "long": "x" * 9000},
    }
    many = {f"section{i}": {"b": 1} for i in range(20_000)}
    page = report_of(make_run(tmp_path / "run", config={**odd, **many}))
    tables = section(page, "settings").find("table")
    cells = dict(row for table in tables for row in table.rows)
    assert (cells["steps"], cells["gamma"], cells["a"]) == ("a number of many digits", "nan", "…")
    assert len(cells["long"]) < 2100
    assert len(tables) < 500


def changed(value: Any, source: random.Random, depth: int = 0) -> Any:
    """`value` with arbitrary JSON in one or two positions."""
    if isinstance(value, dict) and value and source.random() < 0.9:
        key = source.choice(list(value))
        return value | {key: changed(value[key], source, depth + 1)}
    if isinstance(value, list) and value and source.random() < 0.7:
        place = source.randrange(len(value))
        return [*value[:place], changed(value[place], source, depth + 1), *value[place + 1 :]]
    plain = [
        None,
        True,
        -1,
        0,
        3.5,
        2**63,
        1e300,
        math.nan,
        math.inf,
        "",
        "<b>",
        "\ud800",
        10**310,
        [],
        {},
        {"<i>": []},
    ]
    return [changed([], source, depth + 1)] if depth < 3 and source.random() < 0.2 else source.choice(plain)


def test_files_with_any_content_give_a_page(tmp_path: Path) -> None:
    run = full_run(tmp_path / "run")
    for seed in range(20):
        source = random.Random(seed)
        write_lines(run / "metrics.jsonl", [changed(record(10 * i), source) for i in range(1, 6)])
        write_lines(run / "evaluations.jsonl", [changed(evaluation(step=i), source) for i in range(4)])
        write_lines(run / "events.jsonl", [changed({"event": "resumed", "generation": i}, source) for i in range(4)])
        (run / "config.json").write_text(json.dumps(changed(config_of(), source)))
        (run / "versions.json").write_text(json.dumps(changed({"python": "3"}, source)))
        page = report_of(run)
        assert page.find("b", id="") == page.find("script", src="") == []
        assert not re.search("nan|inf", " ".join(path.attributes["d"] or "" for path in page.find("path")))


def test_comparisons_of_files_with_any_content(tmp_path: Path) -> None:
    runs = [full_run(tmp_path / name) for name in ("a", "b", "c")]
    for seed in range(12):
        source = random.Random(seed)
        for run in runs:
            write_lines(run / "evaluations.jsonl", [changed(evaluation(step=i), source) for i in range(4)])
            write_lines(run / "timings.jsonl", [changed({"generation": i, "seconds": i}, source) for i in range(4)])
            (run / "config.json").write_text(json.dumps(changed(config_of(), source)))
        page = parse(write_comparison(runs, json_out=tmp_path / "numbers.json").read_text(encoding="utf-8"))
        assert page.find("b", id="") == page.find("script", src="") == page.find("i", id="") == []
        assert not re.search("nan|inf", " ".join(path.attributes["d"] or "" for path in page.find("path")))
        json.loads((tmp_path / "numbers.json").read_text())
