"""The table of one metric: means over the seeds of each group, and paired tests between groups."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from egan_tf.report.groups import Group
from egan_tf.report.run_summary import MetricKey, RunSummary
from egan_tf.report.statistics import (
    LEVEL,
    Mean,
    holm,
    mean_of,
    paired_t,
    signed_rank,
    smallest_signed_rank,
)

MIN_PAIRS = 3
"""Fewer common seeds are not tested."""
SIGNED_RANK, PAIRED_T = "signed rank", "paired t"


class Row(NamedTuple):
    """A group's values of a metric.

    Attributes:
        group: its name.
        runs: those that reached the last evaluation of the group, by seed.
        unfinished: names of the runs that did not, and are left out.
        generation: of the last values.
        last: the last value by seed, a mean if several runs have that seed; NaN if it is not finite.
        best: the best of all evaluations by seed; empty if the metric's direction is unknown.
        seeds: those that are known, which pair with other groups.
    """

    group: str
    runs: Sequence[RunSummary]
    unfinished: Sequence[str]
    generation: int
    last: dict[str, float]
    best: dict[str, float]
    seeds: frozenset[str]

    @property
    def failed(self) -> list[str]:
        """Seeds without a finite last value."""
        return [seed for seed, value in self.last.items() if math.isnan(value)]


class Pair(NamedTuple):
    """A test of two groups on `n` common seeds: the last value of `first` minus that of `second`.

    `p` is NaN if the test does not apply; `corrected` is it after Holm's correction over the table. `smallest` is the
    least p that the signed-rank test could give with that many differences.
    """

    first: str
    second: str
    n: int
    difference: Mean
    p: float
    smallest: float
    corrected: float = math.nan


class MetricTable(NamedTuple):
    """A metric in one protocol.

    Attributes:
        higher_is_better: None if unknown.
        test: `SIGNED_RANK`, `PAIRED_T`, or empty if no two groups share `MIN_PAIRS` seeds.
        winner: the group that is better than every other one by the tests, and did not fail with any seed; or empty.
    """

    metric: str
    protocol: str
    higher_is_better: bool | None
    rows: Sequence[Row]
    test: str
    pairs: Sequence[Pair]
    winner: str


def metric_table(key: MetricKey, groups: Sequence[Group]) -> MetricTable:
    """The table of the groups that have this metric and protocol.

    The signed-rank test is used if all pairs of groups share enough seeds for p ≤ `LEVEL` after the correction,
    otherwise the paired t test, which takes the differences for normal. Their values do not enter the choice.
    """
    directions = [run.series[key].higher_is_better for group in groups for run in group.runs if key in run.series]
    higher = directions[0]
    rows = [_row(key, group, higher) for group in groups if any(key in run.series for run in group.runs)]
    samples = {
        (one.group, other.group): np.array([one.last[seed] - other.last[seed] for seed in common])
        for one, other in itertools.combinations(rows, 2)
        if len(common := _common(one, other)) >= MIN_PAIRS
    }
    enough = all(len(samples) * smallest_signed_rank(len(each)) <= LEVEL for each in samples.values())
    test = (SIGNED_RANK if enough else PAIRED_T) if samples else ""
    found = [
        Pair(
            *names,
            len(each),
            mean_of(each.tolist()),
            signed_rank(each) if enough else paired_t(each),
            smallest_signed_rank(int(np.count_nonzero(each)) if enough else len(each)),
        )
        for names, each in samples.items()
    ]
    corrected = holm([pair.p for pair in found])
    pairs = [pair._replace(corrected=p) for pair, p in zip(found, corrected, strict=True)]
    return MetricTable(*key, higher, rows, test, pairs, _winner(rows, pairs, higher))


def _row(key: MetricKey, group: Group, higher: bool | None) -> Row:
    runs = [run for run in group.runs if key in run.series]
    ends = [int(run.series[key].x["generation"][-1]) for run in runs]
    complete = [run for run, end in zip(runs, ends, strict=True) if end == max(ends)]
    last, best = dict[str, list[float]](), dict[str, list[float]]()
    for run in complete:
        values = run.series[key].values
        last.setdefault(run.unit, []).append(float(values[-1]))
        finite = values[np.isfinite(values)]
        if higher is not None and finite.size:
            best.setdefault(run.unit, []).append(float(finite.max() if higher else finite.min()))
    return Row(
        group.name,
        complete,
        [run.name for run, end in zip(runs, ends, strict=True) if end < max(ends)],
        max(ends),
        {seed: float(np.mean(found)) for seed, found in last.items()},
        {seed: float(np.mean(found)) for seed, found in best.items()},
        frozenset(run.seed for run in complete if run.seed),
    )


def _common(one: Row, other: Row) -> list[str]:
    """The seeds at which both have a finite last value."""
    known = one.seeds & other.seeds
    return [seed for seed in one.last if seed in known and math.isfinite(one.last[seed] - other.last[seed])]


def _winner(rows: Sequence[Row], pairs: Sequence[Pair], higher: bool | None) -> str:
    means = {row.group: mean_of(list(row.last.values())).value for row in rows}
    alive = [row for row in rows if math.isfinite(means[row.group])]
    if higher is None or len(alive) < 2:
        return ""
    leader = (max if higher else min)(alive, key=lambda row: means[row.group])
    sign = 1.0 if higher else -1.0
    beaten = {
        pair.second if pair.first == leader.group else pair.first
        for pair in pairs
        if leader.group in (pair.first, pair.second)
        and pair.corrected <= LEVEL
        # The common seeds may say otherwise than the means of all.
        and sign * pair.difference.value * (1.0 if pair.first == leader.group else -1.0) > 0
    }
    others = {row.group for row in alive} - {leader.group}
    return leader.group if others <= beaten and not leader.failed else ""
