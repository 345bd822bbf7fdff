"""Means, intervals and paired tests of the rows of benchmarks/toys.py, as a table and a plot.

`python -m benchmarks.toys_table RESULT.json [RESULT.json ...]` prints the table as Markdown. Reads the results of
version 0.1.0 too, which name some values differently.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.report.statistics import paired_t

OBJECTIVES = ("minimax", "heuristic", "least_squares")
SETTING = ("dataset", "r1_weight", "budget")
SHARE = "high_quality_share"
RENAMED = {"r1": "r1_weight", "share_within_3_sigma": SHARE, "wins": "selection_shares"}

Row = dict[str, Any]


def with_new_names(row: Row) -> Row:
    """A row with the current names, also if an earlier version wrote it."""
    return {RENAMED.get(name, name): value for name, value in row.items()}


def summarize(rows: Sequence[Row], rivals: Sequence[str] = ("egan", "random")) -> list[Row]:
    """For each data set, penalty, budget and method: means over the seeds, and paired differences.

    The differences are to the methods `rivals` and to the best single objective, under the names `less_RIVAL` and
    `less_best_single`. The best has the highest mean share in that setting; since it is picked after the fact, the
    comparison favours it slightly.
    """
    table: list[Row] = []
    for setting, group in groupby(sorted(rows, key=_setting), key=_setting):
        by_method: dict[str, list[Row]] = {}
        for row in group:
            by_method.setdefault(row["method"], []).append(row)
        singles = [name for name in OBJECTIVES if name in by_method]
        best = max(singles, key=lambda name: float(np.mean(_values(by_method[name]))), default=None)
        named = {**{rival: rival for rival in rivals}, "best_single": best}
        for method, mine in by_method.items():
            against = {
                f"less_{label}": paired(mine, by_method[rival])
                for label, rival in named.items()
                if rival in by_method and rival != method
            }
            table.append(
                {**dict(zip(SETTING, setting, strict=True)), "method": method, **_means(mine), **against}
                | {"best_single": best}
            )
    return table


def paired(mine: Sequence[Row], others: Sequence[Row], value: str = SHARE) -> dict[str, float | None] | None:
    """The mean difference in a value, seed by seed, the half-width of its 95 % interval, and p of the paired t-test.

    p is None where all differences are the same and not 0, which says nothing about their spread.
    """
    other = {row["seed"]: row[value] for row in others}
    differences = np.array([row[value] - other[row["seed"]] for row in mine if row["seed"] in other])
    if len(differences) < 2:
        return None
    p = paired_t(differences)
    return {**interval(differences), "p": None if np.isnan(p) else float(f"{p:.2g}")}


def p_text(p: float | None) -> str:
    """A p-value, or that there is none."""
    return "no p" if p is None else f"p {p:g}"


def interval(values: Sequence[float] | np.ndarray) -> dict[str, float]:
    """The mean, and the half-width of its 95 % interval by Student's t; infinite for one value."""
    from scipy import stats

    values = np.asarray(values, float)
    half_width = np.inf
    if len(values) > 1:
        half_width = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return {"mean": float(f"{values.mean():.5g}"), "half_width": float(f"{half_width:.3g}")}


def _means(rows: Sequence[Row]) -> Row:
    modes = [row["modes_covered"] for row in rows]
    return {
        "seeds": len(rows),
        "generations": rows[0]["generations"],
        "share": interval(_values(rows)),
        "least_share": min(_values(rows)),
        "modes": [float(min(modes)), float(np.mean(modes)), float(max(modes))],
        "divergence": interval([row["mode_divergence"] for row in rows]),
        "seconds": float(np.median([row["seconds"] for row in rows])),
    }


def _values(rows: Sequence[Row]) -> list[float]:
    return [row[SHARE] for row in rows]


def _setting(row: Row) -> tuple[str, float, str]:
    return row["dataset"], row["r1_weight"], row["budget"]


def markdown(table: Sequence[Row], rivals: Sequence[str]) -> str:
    """The table as Markdown, a part for each data set, penalty and budget, with differences to `rivals`."""
    heading = ["method", "generations", "s", "share within 3σ", "least", "modes", "KL"]
    heading += [f"less {rival.replace('_', ' ')}" for rival in rivals]
    parts = []
    for setting, group in groupby(table, key=_setting):
        lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
        for row in group:
            against = [_compared(row.get(f"less_{rival}")) for rival in rivals]
            lines.append(
                f"| {row['method']} | {row['generations']} | {row['seconds']:.0f} | {_interval_text(row['share'])} "
                f"| {row['least_share']:.3f} | {row['modes'][1]:.1f} (from {row['modes'][0]:.0f}) "
                f"| {_interval_text(row['divergence'])} | {' | '.join(against)} |"
            )
        best = f"; best single: {row['best_single']}" if row["best_single"] else ""
        title = f"{setting[0]}, R1 {setting[1]:g}, equal {setting[2]}, {row['seeds']} seeds{best}"
        parts.append("\n".join([f"**{title}**", "", *lines]))
    return "\n\n".join(parts)


def _compared(difference: dict[str, float] | None) -> str:
    return f"{_interval_text(difference)}, {p_text(difference['p'])}" if difference else ""


def _interval_text(value: dict[str, float]) -> str:
    return f"{value['mean']:.4f} ± {value['half_width']:.4f}"


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draws a PNG: the share within 3σ of every seed, by method, with one panel for each setting."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    settings = [(key, list(group)) for key, group in groupby(sorted(rows, key=_setting), key=_setting)]
    methods = list(dict.fromkeys(row["method"] for row in rows))
    columns = min(2, len(settings))
    lines = -(-len(settings) // columns)
    figure = Figure(figsize=(4.6 * columns, (0.9 + 0.28 * len(methods)) * lines), layout="constrained", dpi=110)
    panels = np.atleast_1d(figure.subplots(lines, columns, sharey=True)).ravel()
    for panel in panels[len(settings) :]:
        panel.set_visible(False)
    for panel, ((dataset, r1_weight, budget), group) in zip(panels, settings, strict=False):
        for place, method in enumerate(methods):
            values = _values([row for row in group if row["method"] == method])
            if values:
                panel.scatter(values, [place] * len(values), s=14, color="#4477aa", alpha=0.6, linewidths=0)
                panel.scatter([np.mean(values)], [place], marker="|", s=160, color="#222222")
        panel.set_yticks(range(len(methods)), methods)
        panel.set_title(f"{dataset}, R1 {r1_weight:g}, equal {budget}", loc="left", fontsize=10)
        panel.grid(axis="x", color="#dddddd")
        panel.set_axisbelow(True)
    panels[0].invert_yaxis()
    figure.supxlabel("share of samples within 3σ of a mode; a dot for each seed, a bar for the mean")
    FigureCanvasAgg(figure).print_png(str(path))


def main() -> None:
    """Prints the table of result files, and draws the plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--rivals", nargs="+", default=["best_single", "random"], help="methods to compare with")
    options = parser.parse_args()
    reports = [json.loads(path.read_text(encoding="utf-8")) for path in options.results]
    rows = [with_new_names(row) for report in reports for row in report["rows"]]
    distinct = list({(*_setting(row), row["method"], row["seed"]): row for row in rows}.values())
    print(markdown(summarize(distinct, options.rivals), options.rivals))
    if options.plot:
        plot(distinct, options.plot)


if __name__ == "__main__":
    main()
