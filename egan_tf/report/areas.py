"""Which mutation won when, as stacked areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from egan_tf.report.columns import Columns
from egan_tf.report.frame import SIZE, Key, chart
from egan_tf.report.markup import Html, element
from egan_tf.report.scales import fixed_axis, format_share
from egan_tf.training.mutations_plot import selection_shares

COLORS = 6
_OWN_COLORS = ("minimax", "heuristic", "least_squares", "least_squares_logit")


@dataclass(frozen=True)
class Lineage:
    """How often each mutation made a survivor.

    Attributes:
        mutations: their names.
        wins: int64 [mutations], over the whole run.
        ends: float [n], generations at which the intervals end; the first begins at 0.
        shares: float [n, mutations], of the survivors of an interval; rows add up to 1.
        skipped: how many records were left out because their counts cannot be.
    """

    mutations: tuple[str, ...]
    wins: np.ndarray
    ends: np.ndarray
    shares: np.ndarray
    skipped: int

    @property
    def total(self) -> np.ndarray:
        """float64 [mutations], the shares over the whole run."""
        return self.wins / self.wins.sum()


def lineage_of(columns: Columns) -> Lineage | None:
    """The shares of wins; None if no record holds counts that can be."""
    names = columns.mutations
    if not names or not len(columns):
        return None
    counts = np.stack([columns.values[f"wins.{name}"] for name in names], axis=1)
    kept: list[int] = []
    before = np.zeros(len(names))
    for position, row in enumerate(counts):
        # Counts only grow; each record tells of at least one more survivor.
        if np.isfinite(row).all() and (row >= before).all() and row.sum() > before.sum():
            kept.append(position)
            before = row
    kept = [position for position in kept if columns.generations[position] > 0]
    if not kept:
        return None
    records = [
        {"generation": int(columns.generations[position]), "wins": dict(zip(names, counts[position], strict=True))}
        for position in kept
    ]
    ends, shares, _ = selection_shares(records)
    return Lineage(names, counts[kept[-1]].astype(np.int64), ends.astype(np.float64), shares, len(counts) - len(kept))


def colors_of(mutations: Sequence[str]) -> Mapping[str, str]:
    """A CSS class for each mutation, the same in every report for those that the package knows."""
    others = [name for name in mutations if name not in _OWN_COLORS]
    order = [*_OWN_COLORS, *others]
    return {name: f"color{order.index(name) % COLORS}" for name in mutations}


def area_chart(title: str, lineage: Lineage, end: float, colors: Mapping[str, str]) -> Html:
    """Stacked areas of the shares of wins, interval by interval.

    Args:
        title: of the chart.
        lineage: what to draw.
        end: the last generation of the abscissa.
        colors: CSS class of each mutation.
    """
    edges = np.concatenate([[0.0], lineage.ends])
    upper = np.cumsum(lineage.shares, axis=1)
    lower = upper - lineage.shares
    horizontal, vertical = fixed_axis(0.0, max(end, 1.0), whole=True), fixed_axis(0.0, 1.0)
    percent = [f"{100 * tick:.0f} %" for tick in vertical.ticks]
    drawing = [
        element("path", d=_stairs(horizontal.place(edges), lower[:, i], upper[:, i]), class_=f"area {colors[name]}")
        for i, name in enumerate(lineage.mutations)
    ]
    keys = [
        Key(name, format_share(share), f"area {colors[name]}", area=True)
        for name, share in zip(lineage.mutations, lineage.total.tolist(), strict=True)
    ]
    says = "Shares of all survivors: " + ", ".join(f"{key.label} {key.value}" for key in keys) + "."
    notes = [f"From bottom to top in the order of the legend, in {len(lineage.ends)} intervals."]
    if lineage.skipped:
        notes.append(f"{lineage.skipped} records without possible counts are left out.")
    return chart(title, says, drawing, horizontal, replace(vertical, labels=tuple(percent)), keys, notes)


def _stairs(edges: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> Html:
    """The outline of an area that is constant within each interval."""
    xs = np.round(SIZE * np.repeat(edges, 2)[1:-1], 1)
    tops = np.round(SIZE * (1.0 - np.repeat(upper, 2)), 1)
    bottoms = np.round(SIZE * (1.0 - np.repeat(lower, 2)), 1)
    there = [f"{x:g} {y:g}" for x, y in zip(xs.tolist(), tops.tolist(), strict=True)]
    back = [f"{x:g} {y:g}" for x, y in zip(xs[::-1].tolist(), bottoms[::-1].tolist(), strict=True)]
    return Html("M" + "L".join(there + back) + "Z")
