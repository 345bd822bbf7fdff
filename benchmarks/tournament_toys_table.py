"""Prints the tables of `benchmarks/tournament_toys.py`: `python -m benchmarks.tournament_toys_table RESULT.json ...`.

Means over the seeds with 95 % intervals, and differences paired by seed to the rivals: in the share within 3σ to
`never_heuristic`, which was named beforehand, in modes to `egan`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.toys_table import SHARE, interval, p_text, paired

Row = dict[str, Any]
HEADING = ("method", "generations", "tournaments", "share within 3σ", "least", "modes", "KL")
SHARE_RIVAL, MODES_RIVAL, MODES = "never_heuristic", "egan", "modes_covered"


def table(rows: Sequence[Row]) -> str:
    """The rows of one data set as a Markdown table."""
    by_method: dict[str, list[Row]] = {}
    for row in (_worst(row) for row in rows):
        by_method.setdefault(row["method"], []).append(row)
    rivals = {rival: value for rival, value in ((SHARE_RIVAL, SHARE), (MODES_RIVAL, MODES)) if rival in by_method}
    heading = [*HEADING, *(f"{'share' if value == SHARE else 'modes'} less {rival}" for rival, value in rivals.items())]
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    for method, mine in by_method.items():
        cells = [method, f"{np.median([row['generations'] for row in mine]):.0f}"]
        cells += [f"{np.mean([row['tournaments'] / row['generations'] for row in mine]):.3f}"]
        cells += [_text(interval([row[SHARE] for row in mine])), f"{min(row[SHARE] for row in mine):.3f}"]
        modes = [row[MODES] for row in mine]
        cells += [f"{_text(interval(modes), 1)} (from {min(modes):.0f})"]
        divergences = [row["mode_divergence"] for row in mine if np.isfinite(row["mode_divergence"])]
        cells += [_text(interval(divergences)) if divergences else "none"]
        cells[-1] += "" if len(divergences) == len(mine) else f" ({len(divergences)} of {len(mine)} runs)"
        for rival, value in rivals.items():
            difference = None if method == rival else paired(mine, by_method[rival], value)
            cells.append(
                ""
                if difference is None
                else f"{_text(difference, 4 if value == SHARE else 1)}, {p_text(difference['p'])}"
            )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _worst(row: Row) -> Row:
    """The row of a run whose samples are not finite with the worst values; its divergence stays out of the mean."""
    worst = {SHARE: 0.0, MODES: 0.0, "mode_divergence": np.nan}
    return {**row, **{name: value for name, value in worst.items() if row[name] is None}}


def _text(value: dict[str, float], digits: int = 4) -> str:
    return f"{value['mean']:.{digits}f} ± {value['half_width']:.{digits}f}"


def main() -> None:
    """Prints the tables of result files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, help="those below, where not every method has all of them")
    options = parser.parse_args()
    for path in options.results:
        report = json.loads(path.read_text(encoding="utf-8"))
        kept = [row for row in report["rows"] if options.seeds is None or row["seed"] < options.seeds]
        rows = sorted(kept, key=lambda row: row["dataset"])  # stable: methods and seeds keep their order
        for dataset, group in groupby(rows, key=lambda row: row["dataset"]):
            of_set = list(group)
            seeds = len({row["seed"] for row in of_set})
            print(f"**{dataset}, R1 {of_set[0]['r1_weight']:g}, equal {of_set[0]['budget']}, {seeds} seeds**\n")
            print(table(of_set), end="\n\n")


if __name__ == "__main__":
    main()
