"""A plot of which mutation won when."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.utils.atomic import atomic_write

MAX_INTERVALS = 100
COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def shares_of_wins(records: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The share of survivors that each mutation made, interval by interval.

    Args:
        records: of a metrics file, at least one.

    Returns:
        The generations at which the intervals end [n], the shares [n, mutations], each row adding up to 1 (to 0 where
        no child survived), and the mutations' names.
    """
    names = tuple(records[0]["selection_counts"])
    every = -(-len(records) // MAX_INTERVALS)
    kept = list(records[every - 1 :: every])
    if kept[-1] is not records[-1]:
        kept.append(records[-1])
    totals = np.array([[0] * len(names), *([record["selection_counts"][name] for name in names] for record in kept)])
    won = np.diff(totals, axis=0)
    return (
        np.array([record["generation"] for record in kept]),
        won / np.maximum(won.sum(axis=1, keepdims=True), 1),
        names,
    )


def draw_mutations_plot(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Writes a PNG of `shares_of_wins`, as stacked areas over the generations."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    generations, shares, names = shares_of_wins(records)
    edges = np.concatenate([[0], generations])
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.add_subplot()
    lower = np.zeros(len(generations))
    for position, name in enumerate(names):
        upper = lower + shares[:, position]
        axes.stairs(upper, edges, baseline=lower, fill=True, label=name, color=COLORS[position % len(COLORS)])
        lower = upper
    axes.set(xlim=(0, edges[-1]), ylim=(0, 1), xlabel="generation", ylabel="share of the survivors")
    axes.set_title("Which mutation won when", loc="left")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=len(names), frameon=False)
    content = io.BytesIO()
    FigureCanvasAgg(figure).print_png(content)
    atomic_write(path, content.getvalue())
