"""Charts of a metric: the mean of each group with its interval, over generations, updates or wall time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from egan_tf.report.charts import GENERATION, LOG_FROM, Axis, Chart, Line, line_chart
from egan_tf.report.metric_tables import MetricTable, Row
from egan_tf.report.run_summary import MetricKey
from egan_tf.report.statistics import student_interval

AXES = {"generation": "generations", "updates": "generator updates", "seconds": "wall time"}
"""The horizontal axes, as in `Series.x`, and what the reader chooses them by."""
_UNITS: dict[str, Sequence[tuple[float, Axis]]] = {
    "generation": [(1, GENERATION)],
    "updates": [
        (1, Axis("generator updates", "{:,.0f} updates")),
        (1e3, Axis("thousand generator updates", "{:,.1f} thousand updates")),
        (1e6, Axis("million generator updates", "{:,.1f} million updates")),
    ],
    "seconds": [
        (1, Axis("wall time (s)", "{:,.1f} s")),
        (60, Axis("wall time (min)", "{:,.1f} min")),
        (3600, Axis("wall time (h)", "{:,.1f} h")),
    ],
}
MIN_UNITS = 10
"""An axis has the largest unit of which it is at least that long."""


def group_charts(table: MetricTable, styles: Sequence[tuple[str, str]]) -> list[Chart | None]:
    """A chart for each of `AXES`; None where there is nothing to draw, or no place on the axis is known.

    Args:
        table: of the metric.
        styles: colour and line style of each row.
    """
    lines = [_lines(table[:2], row, *style) for row, style in zip(table.rows, styles, strict=True)]
    if all(len(line.x) < 2 for each in lines for line in each):
        return [None] * len(AXES)
    finite = np.concatenate([line.y[np.isfinite(line.y)] for line, *_ in lines])
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    # Two seeds may have an interval a hundred times as wide as all curves.
    margin = high - low
    limits = (low / 2 if low > 0 and (high / low > LOG_FROM or margin > low) else low - margin, high + margin)
    return [_chart(table.metric, axis, [each[place] for each in lines], limits) for place, axis in enumerate(AXES)]


def _lines(key: MetricKey, row: Row, color: str, style: str) -> list[Line]:
    """The group's curve over each of `AXES`: means and intervals over seeds at each generation that has a value."""
    series = [run.series[key] for run in row.runs]
    generations = np.unique(np.concatenate([each.x["generation"] for each in series]))

    def placed(parts: Sequence[np.ndarray]) -> np.ndarray:
        """Values of each run at all `generations`, NaN where it has none, [runs, n]."""
        found = np.full((len(series), len(generations)), np.nan)
        for to, each, part in zip(found, series, parts, strict=True):
            to[np.searchsorted(generations, each.x["generation"])] = part
        return found

    values, units = placed([each.values for each in series]), [run.unit for run in row.runs]
    by_seed = np.stack([student_interval(values[[unit == one for one in units]])[0] for unit in dict.fromkeys(units)])
    mean, half, _ = student_interval(by_seed)
    drawn = []
    for axis in AXES:
        x = student_interval(placed([each.x[axis] for each in series]))[0]
        known = np.isfinite(x)
        x, y, half_width = x[known], mean[known], half[known]
        edges = (y - half_width, y + half_width) if np.isfinite(half_width).any() else None
        drawn.append(Line(row.group, x, y, color, style, smoothed=False, band=edges, band_label=""))
    return drawn


def _chart(metric: str, axis: str, lines: Sequence[Line], limits: tuple[float, float]) -> Chart | None:
    end = max((line.x[-1] for line in lines if len(line.x)), default=0.0)
    scale, unit = [(scale, unit) for scale, unit in _UNITS[axis] if end >= MIN_UNITS * scale or scale == 1][-1]
    drawn, cut = [], False
    for line in lines:
        band = line.band
        if band is not None:
            band = np.maximum(band[0], limits[0]), np.minimum(band[1], limits[1])
            cut = cut or not np.array_equal(band, np.stack(line.band or band), equal_nan=True)
        drawn.append(replace(line, x=line.x / scale, band=band))
    notes = ["Intervals that leave the chart are cut off."] if cut else []
    return line_chart(f"{metric} by {AXES[axis]}", drawn, end / scale, log=True, notes=notes, axis=unit)
