"""A run's folder, read into one value; nothing in it is trusted."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.report.columns import Columns, read_columns
from egan_tf.report.evaluations import Evaluation, read_evaluations
from egan_tf.report.events import Event, read_events
from egan_tf.report.reading import json_lines, read_json_object, read_png
from egan_tf.report.series import spread_evenly
from egan_tf.training import run_folder
from egan_tf.training.config import Config, from_dict
from egan_tf.utils.checks import InputError, require

RUN = "run.json"
MAX_GRIDS = 24
MAX_IMAGE_BYTES = 12 << 20


@dataclass(frozen=True)
class Grid:
    """A picture of samples.

    Attributes:
        generation: when they were drawn.
        uri: the PNG as a data: URI.
        width: in pixels.
        height: in pixels.
    """

    generation: int
    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class RunRecord:
    """What a run's folder holds, as far as it can be read.

    Attributes:
        name: the folder's name.
        raw_config: the configuration as it was written; None if there is none.
        config: the same, checked; None if this version of the package would refuse it.
        columns: the generations' records.
        grids: pictures of samples through time, at most `MAX_GRIDS`, the last one among them.
        grids_found: how many there are in the folder.
        evaluations: what metrics have found.
        events: starts, stops, resumptions, and going back.
        about: `run.json`, empty if there is none.
        versions: of packages, empty if none were written down.
        seconds: how long training took, all sittings together; NaN if nothing says it.
        problems: sentences that say what is missing or damaged.
    """

    name: str
    raw_config: Mapping[str, Any] | None
    config: Config | None
    columns: Columns
    grids: tuple[Grid, ...]
    grids_found: int
    evaluations: tuple[Evaluation, ...]
    events: tuple[Event, ...]
    about: Mapping[str, Any]
    versions: Mapping[str, Any]
    seconds: float
    problems: tuple[str, ...]

    @property
    def generations(self) -> int:
        """How many generations the records tell of."""
        return int(self.columns.generations[-1]) if len(self.columns) else 0


def read_run(folder: Path) -> RunRecord:
    """Reads a run's folder; what is damaged or missing is named in the record's `problems`.

    Raises:
        InputError: if it is no folder of a run, or cannot be read.
    """
    try:
        require(folder.is_dir(), "run", f"no folder {folder}")
        kept = (run_folder.CONFIG, run_folder.METRICS, run_folder.SAMPLES)
        require(
            any((folder / name).exists() for name in kept),
            "run",
            f"{folder} is not the folder of a run: it has none of {', '.join(kept)}",
        )
        return _read(folder)
    except OSError as error:
        raise InputError("run", f"cannot read {folder}: {error.strerror or error}") from error


def _read(folder: Path) -> RunRecord:
    raw_config, config, config_problems = _read_config(folder)
    columns = read_columns(json_lines(folder / run_folder.METRICS))
    grids, found, grid_problems = _read_grids(folder / run_folder.SAMPLES)
    evaluations, evaluation_problems = read_evaluations(json_lines(folder / run_folder.EVALUATIONS))
    events, event_problems = read_events(json_lines(folder / run_folder.EVENTS))
    about, about_problems = _read_optional(folder / RUN)
    versions, version_problems = _read_optional(folder / run_folder.VERSIONS)
    told = about.get("versions")
    missing = () if len(columns) or columns.damage else ("there are no records in metrics.jsonl",)
    return RunRecord(
        folder.resolve().name,
        raw_config,
        config,
        columns,
        grids,
        found,
        evaluations,
        events,
        about,
        told if isinstance(told, dict) else versions,
        _read_seconds(folder),
        (
            *config_problems,
            *missing,
            *columns.damage,
            *grid_problems,
            *evaluation_problems,
            *event_problems,
            *about_problems,
            *version_problems,
        ),
    )


def _read_config(folder: Path) -> tuple[dict[str, Any] | None, Config | None, tuple[str, ...]]:
    path = folder / run_folder.CONFIG
    if not path.exists():
        return None, None, (f"there is no {path.name}",)
    raw = read_json_object(path)
    if raw is None:
        return None, None, (f"{path.name} cannot be read",)
    try:
        return raw, from_dict(raw, path.name), ()
    except InputError as error:
        return raw, None, (f"{path.name} does not fit this version of egan_tf ({error})",)


def _read_optional(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    if not path.exists():
        return {}, ()
    value = read_json_object(path)
    return ({}, (f"{path.name} cannot be read",)) if value is None else (value, ())


def _read_seconds(folder: Path) -> float:
    seconds = read_columns(json_lines(folder / run_folder.TIMINGS)).values.get("seconds", np.zeros(0))
    seconds = seconds[np.isfinite(seconds)]
    return float(seconds[-1]) if seconds.size else math.nan


def _read_grids(folder: Path) -> tuple[tuple[Grid, ...], int, tuple[str, ...]]:
    if not folder.is_dir():
        return (), 0, (f"there is no folder {folder.name}",)
    paths = sorted(
        (int(match.group(1)), path)
        for path in folder.iterdir()
        if (match := re.fullmatch(r"([0-9]{1,15})\.png", path.name))
    )
    if not paths:
        return (), 0, (f"there are no pictures in {folder.name}",)
    grids: list[Grid] = []
    damaged = 0
    for position in reversed(spread_evenly(len(paths), MAX_GRIDS)):
        generation, path = paths[position]
        picture = read_png(path)
        if picture is None:
            damaged += 1
        else:
            grids.append(Grid(generation, *picture))
    problems = (f"pictures in {folder.name} that cannot be read: {damaged}",) if damaged else ()
    return _within_bounds(tuple(reversed(grids))), len(paths), problems


def _within_bounds(grids: tuple[Grid, ...]) -> tuple[Grid, ...]:
    """As many of the pictures, evenly spread, as fit in `MAX_IMAGE_BYTES`."""
    for most in range(len(grids), 0, -1):
        kept = tuple(grids[position] for position in spread_evenly(len(grids), most))
        if sum(len(grid.uri) for grid in kept) <= MAX_IMAGE_BYTES:
            return kept
    return ()
