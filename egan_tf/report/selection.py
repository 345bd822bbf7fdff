"""The survivors by mutation over the generations."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from egan_tf.report.charts import Chart, Key, new_axes
from egan_tf.report.columns import MADE, SURVIVORS, Columns
from egan_tf.report.svg import COLORS, PAINT, fixed_style, inline_svg
from egan_tf.report.text import format_share
from egan_tf.training.selection_shares import shares_by_interval

_KNOWN = ("minimax", "heuristic", "least_squares", "least_squares_logit")


class Selection(NamedTuple):
    """Survivors by mutation.

    Attributes:
        counts: survivors of the whole run by mutation.
        edges: float [n + 1], generations between the intervals, from 0.
        shares: float [n, mutations], of the survivors of an interval; what a row lacks to 1 are survivors that do not
            count.
        skipped: how many records have impossible counts.
        decided: whether only survivors count that won by more than rounding.
    """

    counts: dict[str, int]
    edges: np.ndarray
    shares: np.ndarray
    skipped: int
    decided: bool = False

    def total(self, mutation: str) -> float:
        """The mutation's share of all survivors."""
        return self.counts[mutation] / sum(self.counts.values())

    @property
    def leader(self) -> str:
        """The mutation that made the most survivors."""
        return max(self.counts, key=self.counts.__getitem__)


def selection_of(columns: Columns) -> Selection | None:
    """Survivors by mutation in at most `MAX_INTERVALS` intervals; None without usable counts, or if all are 0."""
    if not columns.mutations:
        return None
    # Records that count tournaments tell decided wins from ties. Without any, nobody wins; a mutation makes a child.
    decided = np.nanmax(columns.values.get("tournaments", np.zeros(1)), initial=0.0) > 0
    made = "tournaments" in columns.values and not decided
    prefix = MADE if made else "selection_counts."
    zeros = np.zeros(len(columns.generations))
    counts = np.stack([columns.values.get(f"{prefix}{name}", zeros) for name in columns.mutations], axis=1)
    kept: list[int] = []
    latest = np.zeros(counts.shape[1])
    for place, row in enumerate(counts):
        # Counts only grow, and every record covers at least one survivor, if not a decided one.
        grown = row.sum() >= latest.sum() if decided else row.sum() > latest.sum()
        if columns.generations[place] > 0 and (row >= latest).all() and grown:
            kept.append(place)
            latest = row
    if not latest.any():
        return None
    survivors = columns.values.get(SURVIVORS, np.zeros(len(counts)))
    ends, shares = shares_by_interval(counts[kept], survivors[kept])
    return Selection(
        dict(zip(columns.mutations, latest.astype(int).tolist(), strict=True)),
        np.concatenate([[0.0], columns.generations[kept][ends]]),
        shares,
        len(counts) - len(kept),
        decided,
    )


def selection_chart(title: str, selection: Selection) -> Chart:
    """Stacked areas of the shares. A mutation of this package has the same colour in every report."""
    order = [*_KNOWN, *(name for name in selection.counts if name not in _KNOWN)]
    legend = [
        Key(name, format_share(selection.total(name)), f"color{order.index(name) % COLORS}", "area")
        for name in selection.counts
    ]
    upper = np.cumsum(selection.shares, axis=1)
    lower = upper - selection.shares
    with fixed_style():
        axes = new_axes(selection.edges[-1])
        axes.set_ylim(0.0, 1.0)
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
        for i, key in enumerate(legend):
            paint: dict[str, Any] = {"facecolor": PAINT[key.color], "edgecolor": PAINT["panel"], "linewidth": 0.6}
            axes.stairs(upper[:, i], selection.edges, baseline=lower[:, i], fill=True, gid="area", **paint)
        svg = inline_svg(axes.figure)
    notes = [f"From bottom to top in the order of the legend, in {len(selection.shares)} intervals."]
    if selection.decided:
        notes.append("The rest won by rounding, or without a rival.")
    if selection.skipped:
        notes.append(f"{selection.skipped} records with impossible counts are left out.")
    return Chart(title, svg, ", ".join(f"{key.label} {key.value}" for key in legend), legend, notes)
