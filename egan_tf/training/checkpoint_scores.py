"""The scores of checkpoints, without reading what else is in them; imports no TensorFlow.

A score is a value of the monitored metric. A resumed run may monitor another metric, or measure it in another way, so
only scores of one measurement are compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from egan_tf.metrics.measurement import ENTRIES, Measurement, alike
from egan_tf.metrics.registry import METRICS
from egan_tf.training import run_folder
from egan_tf.training.checkpoint_folders import BEST, MANIFEST, NEWEST, checkpoint_folders
from egan_tf.training.old_config import metric_name
from egan_tf.utils.checks import one_of, require
from egan_tf.utils.json_lines import read_records


class Score(NamedTuple):
    """The score of a model.

    Attributes:
        value: higher is better.
        measurement: how it was measured; None if that is unknown, in checkpoints of older versions.
    """

    value: float
    measurement: Measurement | None = None


def scores(folder: Path) -> dict[Path, Score]:
    """The checkpoints that have a score, the oldest first.

    Args:
        folder: of the checkpoints; may not exist.
    """
    return {path: score for path in checkpoint_folders(folder) if (score := _score_of(path)) is not None}


def comparable_scores(folder: Path) -> dict[Path, float]:
    """The values of the checkpoints that were measured like the newest one that has a score, the oldest first.

    Args:
        folder: of the checkpoints; may not exist.
    """
    found = scores(folder)
    if not found:
        return {}
    newest = list(found.values())[-1].measurement
    return {path: score.value for path, score in found.items() if alike(score.measurement, newest)}


def check_checkpoint(run: Path, folder: Path, which: str) -> None:
    """Raises `InputError` if a run has no such checkpoint, whether or not it can be read.

    Args:
        run: its folder.
        folder: of its checkpoints.
        which: `NEWEST` or `BEST`.
    """
    one_of("checkpoint", which, (NEWEST, BEST))
    require(bool(checkpoint_folders(folder)), "run", f"{run} has no checkpoint; the run did not get that far")
    scored = which == NEWEST or bool(scores(folder))
    require(scored, "checkpoint", f"no checkpoint in {folder} has a value of a metric; take the newest")


def is_same(record: Mapping[str, Any], measurement: Measurement) -> bool:
    """Whether the record of an evaluation is of a measurement, as far as it says how it was made."""
    return alike(_measurement_in(record), measurement)


def _measurement_in(record: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: record[name] for name in ENTRIES if name in record}
    return {name: metric_name(value) if name == "metric" else value for name, value in found.items()}


def _score_of(directory: Path) -> Score | None:
    try:
        values = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        value, measurement = values["score"], values.get("measurement")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(value, float):
        return None
    known = measurement if isinstance(measurement, dict) else _recorded(directory, values.get("generation"), value)
    return Score(value, known)


def _recorded(directory: Path, generation: Any, value: float) -> Measurement | None:
    """How a score of an older version was measured: as the run's record of that value says; None without one."""
    path = directory.parent.parent / run_folder.EVALUATIONS
    for record in read_records(path) if path.exists() else []:
        metric = METRICS.get(metric_name(record.get("kind")))
        expected = value if metric is not None and metric.higher_is_better else -value
        if metric is not None and (record.get("step"), record.get("value")) == (generation, expected):
            return _measurement_in(record)
    return None
