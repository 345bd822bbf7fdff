"""The comparison of runs in numbers, for the page, for JSON and for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from egan_tf import __version__
from egan_tf.report.groups import Group, differing, group_runs
from egan_tf.report.metric_tables import MetricTable, Pair, Row, metric_table
from egan_tf.report.run_summary import MAX_METRICS, MetricKey, RunSummary
from egan_tf.report.statistics import LEVEL, mean_of
from egan_tf.report.text import format_json
from egan_tf.utils.json_lines import finite


@dataclass(frozen=True)
class Comparison:
    """Runs, their groups, and a table of each metric and protocol, at most `MAX_METRICS`."""

    runs: Sequence[RunSummary]
    groups: Sequence[Group]
    metrics: Mapping[MetricKey, MetricTable]

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it; None for numbers that are unknown or not finite."""
        keys = differing(self.groups)
        values: dict[str, Any] = {
            "egan_tf": __version__,
            "level": LEVEL,
            "runs": [
                {
                    "name": run.name,
                    "group": group.name,
                    "seed": run.seed or None,
                    "generations": run.generations,
                    "generator_updates": run.updates,
                    "seconds": run.seconds,
                    "seconds_per_generation": run.pace,
                    "problems": list(run.problems),
                }
                for group in self.groups
                for run in group.runs
            ],
            "groups": [
                {
                    "name": group.name,
                    "runs": [run.name for run in group.runs],
                    "seeds": group.seeds,
                    "settings": {".".join(key): _plain(group.settings.get(key)) for key in keys}
                    if group.settings
                    else None,
                    "seconds_per_generation": mean_of([run.pace for run in group.runs])._asdict(),
                }
                for group in self.groups
            ],
            "metrics": [_table(table) for table in self.metrics.values()],
        }
        return dict(finite(values))


def compare(runs: Sequence[RunSummary]) -> Comparison:
    """The comparison of runs, which have different names."""
    groups = group_runs(runs)
    keys = list(dict.fromkeys(key for run in runs for key in run.series))[:MAX_METRICS]
    return Comparison(runs, groups, {key: metric_table(key, groups) for key in keys})


def _table(table: MetricTable) -> dict[str, Any]:
    return {
        "metric": table.metric,
        "protocol": table.protocol,
        "higher_is_better": table.higher_is_better,
        "groups": [_row(row) for row in table.rows],
        "test": table.test or None,
        "comparisons": [_pair(pair) for pair in table.pairs],
        "winner": table.winner or None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "group": row.group,
        "generation": row.generation,
        "last": mean_of(list(row.last.values()))._asdict(),
        "best": mean_of(list(row.best.values()))._asdict(),
        "seeds": {seed: {"last": value, "best": row.best.get(seed)} for seed, value in row.last.items()},
        "failed": row.failed,
        "unfinished": list(row.unfinished),
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "first": pair.first,
        "second": pair.second,
        "n": pair.n,
        "difference": pair.difference._asdict(),
        "p": pair.p,
        "p_holm": pair.corrected,
        "smallest_signed_rank_p": pair.smallest,
    }


def _plain(value: Any) -> Any:
    """A setting, with text for what is nested: a file may nest deeper than Python can write."""
    if isinstance(value, list | tuple):
        return [format_json(one) if isinstance(one, list | Mapping) else one for one in value]
    return format_json(value) if isinstance(value, Mapping) else value
