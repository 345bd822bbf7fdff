"""Reads an untrusted run folder into a `RunRecord`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from egan_tf.report.columns import Columns, read_columns
from egan_tf.report.public_config import public_changes
from egan_tf.report.reading import parse_lines, read_json_object, read_png
from egan_tf.report.text import format_json
from egan_tf.training import run_folder
from egan_tf.training.old_config import metric_name
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.json_numbers import real_number, whole_number

MAX_GRIDS = 24
MAX_IMAGE_BYTES = 12 << 20
MAX_EVALUATIONS = 20_000
MAX_CLASS_EVALUATIONS = 2_000_000
"""Of which only the last of each class and metric is kept."""
MAX_EVENTS = 1000
_EXPECTED = (run_folder.CONFIG, run_folder.METRICS, run_folder.SAMPLES)
_COUNTS = ("n_real", "n_fake")
_PROTOCOL = ("dataset", "fingerprint", *_COUNTS, "split", "extractor", "extractor_hash", "resize", "batchnorm")
_DIGITS = 12
"""Of a fingerprint, which tell data sets apart."""


class Grid(NamedTuple):
    """A picture of samples: its generation, the PNG as a data: URI, and its size in pixels."""

    generation: int
    uri: str
    width: int
    height: int


class Evaluation(NamedTuple):
    """One value of one metric (NaN if not finite), with its protocol in words; only equal protocols compare.

    `kind` is the metric's name in the registry.
    """

    metric: str
    protocol: str
    value: float
    step: int
    seed: str
    kind: str


@dataclass(frozen=True)
class RunRecord:
    """The readable content of a run folder.

    Attributes:
        name: of the folder.
        config: sections of fields, as `config.json` has them; empty if it cannot be read.
        columns: the generations' records.
        grids: pictures of samples through time, at most `MAX_GRIDS`, the last one included.
        grids_found: how many pictures the folder has.
        metrics: evaluations by metric and protocol, in the order of their first appearance.
        events: time, event (start, stop, resumption, rollback), generation and details, all as text.
        versions: of packages.
        timings: a column of the seconds of training so far, all sessions together.
        problems: sentences, without a full stop, that say what is missing or damaged.
        changes: for each resumption and roll-back, in their order, the generation that it went on from, and changed
            settings, `section.name` to [before, now].
        by_class: the last value of each metric of each class: class, metric, value and generation, as text.
    """

    name: str
    config: Mapping[str, Any]
    columns: Columns
    grids: Sequence[Grid]
    grids_found: int
    metrics: Mapping[tuple[str, str], Sequence[Evaluation]]
    events: Sequence[tuple[str, str, str, str]]
    versions: Mapping[str, Any]
    timings: Columns
    problems: Sequence[str]
    changes: Sequence[tuple[int, Mapping[str, Any]]] = ()
    by_class: Sequence[tuple[str, str, str, str]] = ()

    @property
    def generations(self) -> int:
        """The last recorded generation; 0 without records."""
        return int(self.columns.generations[-1]) if len(self.columns) else 0

    @property
    def seconds(self) -> float:
        """Of training, all sessions together; NaN if unknown."""
        seconds = self.timings.column("seconds")
        return float(seconds[np.isfinite(seconds)][-1]) if np.isfinite(seconds).any() else math.nan

    def setting(self, section: str, name: str) -> Any:
        """A value of the configuration; None if it is not there."""
        values = self.config.get(section)
        return values.get(name) if isinstance(values, Mapping) else None


def find_runs(folder: Path) -> list[Path]:
    """The folder if it is that of a run, otherwise the runs directly in it, by name, hidden ones left out.

    Raises:
        InputError: it is neither, or cannot be read.
    """
    try:
        require(folder.is_dir(), "run", f"no folder {folder}")
        if _is_run(folder):
            return [folder]
        found = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and _is_run(path))
    except OSError as error:
        raise InputError("run", f"cannot read {folder}: {error.strerror or error}") from error
    lacks = f"{folder} is not a run folder: it has none of {', '.join(_EXPECTED)}"
    require(bool(found), "run", f"{lacks}; and it holds no run folder")
    return found


def _is_run(folder: Path) -> bool:
    return any((folder / name).exists() for name in _EXPECTED)


def read_run(folder: Path, max_grids: int = MAX_GRIDS) -> RunRecord:
    """Reads a run folder; damaged and missing files are listed in the record's `problems`.

    Args:
        folder: of the run.
        max_grids: how many pictures of samples to read.

    Raises:
        InputError: it is not a run folder, or cannot be read.
    """
    try:
        require(folder.is_dir(), "run", f"no folder {folder}")
        require(_is_run(folder), "run", f"{folder} is not a run folder: it has none of {', '.join(_EXPECTED)}")
        return _read(folder, max_grids)
    except OSError as error:
        raise InputError("run", f"cannot read {folder}: {error.strerror or error}") from error


def _read(folder: Path, max_grids: int) -> RunRecord:
    problems: list[str] = []
    config = _read_object(folder / run_folder.CONFIG, problems, required=True)
    columns = read_columns(folder / run_folder.METRICS, problems)
    if not len(columns):
        problems.append(f"There are no records in {run_folder.METRICS}")
    metrics: dict[tuple[str, str], list[Evaluation]] = {}
    for one in parse_lines(folder / run_folder.EVALUATIONS, _evaluation, MAX_EVALUATIONS, problems):
        metrics.setdefault((one.metric, one.protocol), []).append(one)
    timings = read_columns(folder / run_folder.TIMINGS, problems)
    return RunRecord(
        folder.resolve().name,
        config,
        columns,
        *_read_grids(folder / run_folder.SAMPLES, max_grids, problems),
        metrics,
        list(parse_lines(folder / run_folder.EVENTS, _event, MAX_EVENTS, problems)),
        _read_object(folder / run_folder.VERSIONS, problems),
        timings,
        problems,
        list(parse_lines(folder / run_folder.EVENTS, _changes, MAX_EVENTS, [])),
        _read_classes(folder / run_folder.CLASS_EVALUATIONS, problems),
    )


def _read_classes(path: Path, problems: list[str]) -> list[tuple[str, str, str, str]]:
    """The last value of each metric of each class, as rows: class, metric, value, generation."""
    if not path.exists():
        return []
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for name, one in parse_lines(path, _class_evaluation, MAX_CLASS_EVALUATIONS, problems):
        found[name, one.metric] = f"{one.value:.4g}", f"{one.step:,}"
    return [(name, metric, *values) for (name, metric), values in found.items()]


def _class_evaluation(record: Mapping[str, Any]) -> tuple[str, Evaluation] | None:
    name, one = record.get("class"), _evaluation(record)
    return (name, one) if isinstance(name, str) and one is not None else None


def _read_object(path: Path, problems: list[str], required: bool = False) -> dict[str, Any]:
    value = read_json_object(path)
    if value is None and (required or path.exists()):
        problems.append(f"{path.name} cannot be read" if path.exists() else f"There is no {path.name}")
    return value or {}


def _evaluation(record: Mapping[str, Any]) -> Evaluation | None:
    metric, step = metric_name(record.get("metric")), whole_number(record.get("step"))
    value = real_number(record["value"]) if "value" in record else None
    if not isinstance(metric, str) or not metric or value is None or step is None:
        return None
    parts = []
    for name in (name for name in _PROTOCOL if name in record):
        count = whole_number(record[name]) if name in _COUNTS else None
        text = format_json(record[name])[: _DIGITS if name == "fingerprint" else None]
        parts.append(f"{name.replace('_', ' ')} {text if count is None else f'{count:,}'}")
    return Evaluation(metric, "; ".join(parts), value, step, format_json(record.get("seed", "")), _kind(metric, record))


def _kind(metric: str, record: Mapping[str, Any]) -> str:
    kind = metric_name(record.get("kind"))
    return kind if isinstance(kind, str) else metric


def _changes(event: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]] | None:
    if event.get("event") == "rolled back":
        restored = whole_number(event.get("to"))
        return None if restored is None else (restored, {})
    changes, generation = event.get("changes"), whole_number(event.get("generation"))
    valid = event.get("event") == "resumed" and isinstance(changes, dict) and generation is not None
    return (generation or 0, changes or {}) if valid else None


def _event(record: Mapping[str, Any]) -> tuple[str, str, str, str] | None:
    name, time = record.get("event"), record.get("time", "")
    if not isinstance(name, str) or not name or not isinstance(time, str):
        return None
    generation = whole_number(record.get("generation"))
    changes = record.get("changes")
    shown = {**record, "changes": public_changes(changes)} if isinstance(changes, dict) else record
    details = [
        f"{key.replace('_', ' ')}: {format_json(value)}"
        for key, value in shown.items()
        if key not in ("event", "time", "generation") and value not in (None, [], {}, "")
    ]
    return (time, name, "" if generation is None else f"{generation:,}", "; ".join(details))


def _read_grids(folder: Path, limit: int, problems: list[str]) -> tuple[Sequence[Grid], int]:
    matches = [re.fullmatch(r"([0-9]{1,15})\.png", path.name) for path in folder.iterdir()] if folder.is_dir() else []
    found = sorted((int(match[1]), match[0]) for match in matches if match)
    if not found:
        problems.append(f"There are no pictures in {folder.name}")
    grids: list[Grid] = []
    for generation, name in spread(found, limit):
        picture = read_png(folder / name)
        if picture is not None:
            grids.append(Grid(generation, *picture))
    damaged = min(len(found), limit) - len(grids)
    if damaged:
        problems.append(f"Pictures in {folder.name} that cannot be read: {damaged}")
    while sum(len(grid.uri) for grid in grids) > MAX_IMAGE_BYTES:
        grids = spread(grids, len(grids) - 1)
    return grids, len(found)


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """At most `most` of the items, evenly spread, the last one always and the first one if `most` > 1."""
    if len(items) <= most:
        return list(items)
    places = np.linspace(len(items) - 1, 0, most).round().astype(int)[::-1]
    return [items[place] for place in places]
