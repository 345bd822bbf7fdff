"""The page that compares runs: groups, metrics over seeds, and a few runs one by one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from egan_tf.report.charts import Chart, Line, line_chart
from egan_tf.report.columns import DISCRIMINATOR, SCORES
from egan_tf.report.comparison import Comparison
from egan_tf.report.comparison_charts import AXES, group_charts
from egan_tf.report.groups import Group, differing, format_setting, shared_changes
from egan_tf.report.metric_tables import MIN_PAIRS, SIGNED_RANK, MetricTable, Pair
from egan_tf.report.page import render
from egan_tf.report.run_page import key_figures
from egan_tf.report.run_record import RunRecord
from egan_tf.report.selection import selection_chart, selection_of
from egan_tf.report.statistics import LEVEL, Mean, mean_of, smallest_signed_rank
from egan_tf.report.svg import COLORS
from egan_tf.report.text import format_duration, format_number

MAX_SHOWN = 12
"""So many runs are shown one by one, and so many groups in a chart."""
MAX_TESTS = 100
MAX_PROBLEMS = 50
MAX_NAMES = 8
_Records = Mapping[str, RunRecord]
_Rows = list[list[str]]


class MetricView(NamedTuple):
    """A metric on the page: its table, charts by axis, rows of both tables, and sentences."""

    table: MetricTable
    charts: Sequence[Chart | None]
    rows: _Rows
    tests: _Rows
    verdict: str
    method: str
    notes: Sequence[str]


def comparison_page(comparison: Comparison, records: _Records) -> str:
    """The HTML that compares runs.

    Args:
        comparison: of all runs.
        records: of those to show one by one, by their names in the comparison.
    """
    runs, groups = comparison.runs, comparison.groups
    end = max((record.generations for record in records.values()), default=0)
    selections = {name: selection_of(record.columns) for name, record in records.items()}
    lacking: dict[str, list[str]] = {}
    for run in runs:
        for problem in run.problems:
            lacking.setdefault(problem, []).append(run.name)
    problems = [f"{_some(names)}: {problem}" for problem, names in lacking.items()]
    more = len(problems) - MAX_PROBLEMS
    return render(
        "comparison.html",
        runs=runs,
        problems=problems[:MAX_PROBLEMS] + ([f"{more} more"] if more > 0 else []),
        subtitle=" · ".join(["E-GAN", *(group.name for group in groups[:MAX_NAMES])]),
        groups=[_group_row(group) for group in groups],
        shared=", ".join(shared_changes(groups)[:MAX_SHOWN]),
        unmeasured=_some([run.name for run in runs if not run.series]),
        members=[
            [run.name, group.name, run.seed or "unknown", f"{run.generations:,}"]
            for group in groups
            for run in group.runs
        ],
        axes=AXES,
        metrics=[_view(table, groups) for table in comparison.metrics.values()],
        records=records,
        figures=_figures(records),
        score_charts=_charts(records, {f"children.{name}.winner": title for name, title in SCORES.items()}, end),
        discriminator_charts=_charts(records, DISCRIMINATOR, end),
        selection_charts=[selection_chart(name, one) for name, one in selections.items() if one],
        group_names=[group.name for group in groups],
        settings=[
            [" ".join(key).replace("_", " "), *(_setting(group, key) for group in groups)] for key in differing(groups)
        ],
    )


def _style(position: int) -> tuple[str, str]:
    """Colour and line style of a run or group, a different pair for each."""
    return f"color{position % COLORS}", ("solid", "dashed", "dotted")[position // COLORS % 3]


def _some(names: Sequence[str]) -> str:
    """The first `MAX_NAMES` names."""
    return ", ".join([*names[:MAX_NAMES], *([f"{len(names) - MAX_NAMES} more"] if len(names) > MAX_NAMES else [])])


def _setting(group: Group, key: tuple[str, str]) -> str:
    return format_setting(key, group.settings[key]) if key in group.settings else "–"


def _group_row(group: Group) -> list[str]:
    runs, seeds = group.runs, group.seeds
    count = f"{len(seeds)} in {len(runs)} runs" if len(runs) > len(seeds) else str(len(seeds))
    return [
        group.name,
        f"{count}: {_seeds(seeds)}",
        _span([run.generations for run in runs], format_number),
        _span([run.updates for run in runs], format_number),
        _pace(mean_of([run.pace for run in runs])),
        _span([run.seconds for run in runs], format_duration),
    ]


def _seeds(seeds: Sequence[str]) -> str:
    numbers = sorted(int(seed) for seed in seeds if seed.isdecimal() and len(seed) < 20)
    consecutive = numbers == [*range(numbers[0], numbers[0] + len(seeds))] if numbers else False
    return f"{numbers[0]} to {numbers[-1]}" if consecutive and len(seeds) > 2 else _some(seeds)


def _span(values: Sequence[float], show: Callable[[float], str]) -> str:
    known = [value for value in values if math.isfinite(value)]
    return " to ".join(dict.fromkeys([show(min(known)), show(max(known))])) if known else "unknown"


def _pace(mean: Mean) -> str:
    if mean.n == 0:
        return "unknown"
    scale, unit = (1000.0, "ms") if mean.value < 1 else (1.0, "s")
    return f"{_mean(Mean(mean.value * scale, mean.half_width * scale, mean.n))} {unit}"


def _mean(mean: Mean) -> str:
    """The mean with as many decimals as the two significant digits of its interval have."""
    if mean.n < 2:
        return format_number(mean.value) if mean.n else "–"
    # Rounding errors are no spread.
    half = 0.0 if mean.half_width <= 1e-9 * abs(mean.value) else mean.half_width
    if not 1e-12 < half < 1e12:
        return f"{format_number(mean.value)} ± {half:.2g}"
    decimals = max(0, 1 - math.floor(math.log10(mean.half_width)))
    return f"{mean.value:,.{decimals}f} ± {mean.half_width:,.{decimals}f}".replace("-", "−")


def _view(table: MetricTable, groups: Sequence[Group]) -> MetricView:
    styles = {group.name: _style(place) for place, group in enumerate(groups)}
    means = {row.group: mean_of(list(row.last.values())) for row in table.rows}
    shown = _best([row.group for row in table.rows], means, table.higher_is_better)
    drawn = [row for row in table.rows if row.group in shown]
    rows = [
        [
            row.group,
            str(means[row.group].n),
            _mean(means[row.group]),
            _mean(mean_of(list(row.best.values()))),
            f"{row.generation:,}",
        ]
        for row in table.rows
    ]
    without = [group.name for group in groups if group.name not in means]
    sentences = {
        "Left out, because other runs of the group were evaluated later: ": [
            name for row in table.rows for name in row.unfinished
        ],
        "No finite last value, left out of means and tests: ": [
            f"{row.group}, seed {_some(row.failed)}" for row in table.rows if row.failed
        ],
        "One seed, so no interval: ": [name for name, mean in means.items() if mean.n == 1],
        "Not measured: ": without,
    }
    notes = [f"{text}{_some(names)}." for text, names in sentences.items() if names]
    if len({row.generation for row in table.rows}) > 1:
        notes.append("The last values are of different generations.")
    if len(drawn) < len(table.rows):
        which = "first" if table.higher_is_better is None else "best"
        notes.append(f"The charts show the {which} {len(drawn)} of {len(table.rows)} groups.")
    tests = sorted(table.pairs, key=lambda pair: math.inf if math.isnan(pair.p) else pair.p)
    if len(tests) > MAX_TESTS:
        notes.append(f"The {MAX_TESTS} comparisons with the smallest p of {len(tests):,} are shown.")
    return MetricView(
        table,
        group_charts(table._replace(rows=drawn), [styles[row.group] for row in drawn]),
        rows,
        [_test_row(pair, table.test) for pair in tests[:MAX_TESTS]],
        _verdict(table),
        _method(table),
        notes,
    )


def _best(names: Sequence[str], means: Mapping[str, Mean], higher_is_better: bool | None) -> set[str]:
    """As many of the groups as a chart shows: the best, or where none is better than another the first.

    A group without a finite value is worse than any other.
    """
    if higher_is_better is None:
        return set(names[:MAX_SHOWN])
    sign = -1 if higher_is_better else 1
    values = {name: sign * means[name].value for name in names}
    return set(sorted(names, key=lambda name: math.inf if math.isnan(values[name]) else values[name])[:MAX_SHOWN])


def _test_row(pair: Pair, test: str) -> list[str]:
    p = [format_p(pair.p), format_p(pair.corrected)]
    smallest = [format_p(pair.smallest)] if test == SIGNED_RANK else []
    return [f"{pair.first} − {pair.second}", _mean(pair.difference), str(pair.n), *p, *smallest]


def format_p(p: float) -> str:
    """Two significant digits."""
    if math.isnan(p):
        return "no spread"
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _verdict(table: MetricTable) -> str:
    if len(table.rows) < 2:
        return ""
    if table.higher_is_better is None:
        return "This version does not know whether higher or lower values are better, so no group is marked."
    if not table.test:
        return f"No two groups share {MIN_PAIRS} seeds, so nothing is tested and no group is marked."
    if not table.winner:
        level = f"p\u00a0≤\u00a0{LEVEL:g}"
        return f"No group is marked: none is better than each of the others at {level} after the correction."
    p = max(pair.corrected for pair in table.pairs if table.winner in (pair.first, pair.second))
    return f"{table.winner} is better than each of the others (largest corrected p: {format_p(p)})."


def _method(table: MetricTable) -> str:
    count = len(table.pairs)
    corrected = f"P values are two-sided; the corrected ones are Holm's for {count} comparisons."
    what = (
        "Last values by seed, the first group's minus the second's, with the 95 % interval of the mean (Student's t)."
    )
    if table.test == SIGNED_RANK:
        test = "Exact Wilcoxon signed-rank test; the last column is the smallest p that so many pairs can give."
    else:
        least = max(smallest_signed_rank(pair.n) for pair in table.pairs) if table.pairs else 1.0
        times = f", times {count} comparisons" if count > 1 else ""
        test = (
            "Paired t test, which assumes normal differences and has no smallest p: the Wilcoxon signed-rank test "
            f"could not decide, as the smallest p that it can give with so few pairs is {format_p(least)}{times}."
        )
    return f"{what} {test} {corrected if count > 1 else 'P values are two-sided.'}"


def _figures(records: _Records) -> _Rows:
    found = {name: {title: value for title, value, _ in key_figures(record)} for name, record in records.items()}
    titles = dict.fromkeys(title for figures in found.values() for title in figures)
    return [[title, *(figures.get(title, "–") for figures in found.values())] for title in titles]


def _charts(records: _Records, titles: Mapping[str, str], end: int) -> list[Chart | None]:
    """A chart of each column that has a title, with a line for each run."""
    styles = {name: _style(position) for position, name in enumerate(records)}
    lines: dict[str, Any] = {
        key: [
            Line(name, record.columns.generations, record.columns.values[key], *styles[name], raw=False)
            for name, record in records.items()
            if key in record.columns.values
        ]
        for key in titles
    }
    return [line_chart(titles[key], drawn, end, log=key.endswith("norm")) for key, drawn in lines.items()]
