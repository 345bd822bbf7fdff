"""A plot of the mutations that won over the generations, where the choice was more than rounding."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.training.old_config import selection_counts_of
from egan_tf.training.selection_shares import shares_by_interval
from egan_tf.utils.atomic import atomic_write

COLORS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#bbbbbb")


def selection_shares(records: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The fraction of the survivors that won by more than rounding, by mutation and interval.

    Where records do not tell decided wins from others, or no generation held a tournament, all survivors count.

    Args:
        records: of a metrics file, at least one.

    Returns:
        The generations at which the intervals end [n], the fractions [n, mutations], and the mutations' names. What a
        row lacks to 1 are survivors that won by rounding, or without a rival.
    """
    counts_of = _made if _without_tournaments(records) else selection_counts_of
    names = tuple(counts_of(records[0]))
    counts = np.array([[counts_of(record)[name] for name in names] for record in records])
    survivors = np.array([sum(record.get("selection_counts", {}).values()) for record in records])
    ends, shares = shares_by_interval(counts, survivors)
    return np.array([records[end]["generation"] for end in ends]), shares, names


def _without_tournaments(records: Sequence[dict[str, Any]]) -> bool:
    """Whether no generation held one, as with a bandit: then nobody wins."""
    return records[-1].get("tournaments") == 0


def _made(record: dict[str, Any]) -> Any:
    return record["selection_counts"]


def draw_mutations_plot(records: Sequence[dict[str, Any]], path: Path) -> None:
    """Writes a PNG of `selection_shares`, as stacked areas over the generations."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    generations, shares, names = selection_shares(records)
    edges = np.concatenate([[0], generations])
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.add_subplot()
    lower = np.zeros(len(generations))
    for position, name in enumerate(names):
        upper = lower + shares[:, position]
        axes.stairs(upper, edges, baseline=lower, fill=True, label=name, color=COLORS[position % len(COLORS)])
        lower = upper
    axes.set(xlim=(0, edges[-1]), ylim=(0, 1), xlabel="generation", ylabel="fraction of the survivors")
    title = (
        "Mutations of the survivors" if _without_tournaments(records) else "Mutations that won by more than rounding"
    )
    axes.set_title(title, loc="left")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=len(names), frameon=False)
    content = io.BytesIO()
    FigureCanvasAgg(figure).print_png(content)
    atomic_write(path, content.getvalue())
