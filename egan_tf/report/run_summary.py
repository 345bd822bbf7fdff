"""What a comparison keeps of a run: its settings, and each metric over generations, updates and seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from egan_tf.metrics.registry import METRICS
from egan_tf.report.columns import Columns
from egan_tf.report.generator_updates import Flat, generator_updates
from egan_tf.report.neutral import SEED
from egan_tf.report.resumed import changes_of, periods
from egan_tf.report.run_charts import metric_line
from egan_tf.report.run_record import RunRecord
from egan_tf.report.text import format_json
from egan_tf.training.config import Config
from egan_tf.training.old_config import with_new_names
from egan_tf.training.reproduce import settings

MAX_METRICS = 48

MetricKey = tuple[str, str]
"""Name and protocol of a metric."""


class Series(NamedTuple):
    """A metric of one run.

    Attributes:
        x: the places of its values by axis: "generation", "updates" (optimizer steps of generators) and "seconds" of
            wall time, float [n] each, ascending; NaN if unknown.
        values: float [n], means over the evaluations of a generation; NaN if not finite.
        higher_is_better: None for a metric that this version does not know.
    """

    x: Mapping[str, np.ndarray]
    values: np.ndarray
    higher_is_better: bool | None


@dataclass(frozen=True)
class RunSummary:
    """A run.

    Attributes:
        name: identifies it in the comparison.
        settings: all values by section and name, under current names and with defaults for what an older version
            lacked, without folders, and what changed when it was resumed; empty if the configuration cannot be read.
        generations: the last that is recorded.
        updates: optimizer steps of generators until there, those of children that did not survive included; NaN if
            unknown.
        seconds: of training, NaN if unknown.
        pace: seconds per generation after the first record, evaluations and checkpoints included; NaN if unknown.
        series: by name and protocol of the metric, at most `MAX_METRICS`.
        problems: sentences, without a full stop, that say what is missing or damaged.
    """

    name: str
    settings: Flat
    generations: int
    updates: float
    seconds: float
    pace: float
    series: Mapping[MetricKey, Series]
    problems: Sequence[str]

    @property
    def seed(self) -> str:
        """Empty if unknown."""
        return format_json(self.settings[SEED]) if SEED in self.settings else ""

    @property
    def unit(self) -> str:
        """The seed; of a run whose seed is unknown, its name in parentheses."""
        return self.seed or f"({self.name})"

    @property
    def preset(self) -> str:
        """The preset that the configuration started from; empty if unknown."""
        return format_json(self.settings.get(("run", "preset"), ""))


def summarize(record: RunRecord, name: str) -> RunSummary:
    """The summary of a run, under a name that identifies it."""
    # What is not there had its default when the version that wrote it was current.
    values = {**settings(Config().to_dict()), **settings(with_new_names(record.config))} if record.config else {}
    held, timings = periods(record, values), record.timings

    def places(generations: np.ndarray) -> dict[str, np.ndarray]:
        updates = generator_updates(held, generations, record.columns)
        return {"generation": generations, "updates": updates, "seconds": timings.at(generations, "seconds")}

    series = {}
    for key, evaluations in list(record.metrics.items())[:MAX_METRICS]:
        line = metric_line(evaluations, "", "accent")
        known = METRICS.get(evaluations[0].kind)
        series[key] = Series(places(line.x), line.y, known.higher_is_better if known else None)
    return RunSummary(
        name,
        {**values, **changes_of(record)} if values else {},
        record.generations,
        float(places(np.array([float(record.generations)]))["updates"][0]),
        record.seconds,
        _pace(timings),
        series,
        record.problems,
    )


def _pace(timings: Columns) -> float:
    seconds = timings.column("seconds")
    known = np.flatnonzero(np.isfinite(seconds))
    if len(known) < 2:
        return math.nan
    first, last = known[0], known[-1]
    return float((seconds[last] - seconds[first]) / (timings.generations[last] - timings.generations[first]))
