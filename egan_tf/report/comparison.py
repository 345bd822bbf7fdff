"""The page that compares runs."""

from __future__ import annotations

from collections.abc import Mapping

from egan_tf.report import run_charts as draw
from egan_tf.report.charts import Chart, Line, line_chart
from egan_tf.report.columns import DISCRIMINATOR, SCORES
from egan_tf.report.page import render
from egan_tf.report.reproduce import settings
from egan_tf.report.run_page import MAX_METRICS, key_figures
from egan_tf.report.run_record import RunRecord
from egan_tf.report.selection import selection_chart, selection_of
from egan_tf.report.svg import COLORS
from egan_tf.report.text import format_json, format_number

MAX_RUNS = 12
_Records = Mapping[str, RunRecord]
_Rows = list[list[str]]


def comparison_page(records: _Records) -> str:
    """The HTML that shows runs side by side.

    Args:
        records: 2 to `MAX_RUNS`, by a name that identifies each.
    """
    end = max(record.generations for record in records.values())
    selections = {name: selection_of(record.columns) for name, record in records.items()}
    metrics, metric_charts = _metrics(records, end)
    return render(
        "comparison.html",
        records=records,
        figures=_figures(records),
        score_charts=_charts(records, {f"children.{name}.winner": title for name, title in SCORES.items()}, end),
        discriminator_charts=_charts(records, DISCRIMINATOR, end),
        selection_charts=[selection_chart(name, one) for name, one in selections.items() if one],
        metrics=metrics,
        metric_charts=metric_charts,
        settings=_settings(records),
    )


def _style(position: int) -> tuple[str, str]:
    """Colour and line style of a run, a different pair for each."""
    return f"color{position % COLORS}", ("solid", "dashed", "dotted")[position // COLORS % 3]


def _figures(records: _Records) -> _Rows:
    found = {name: {title: value for title, value, _ in key_figures(record)} for name, record in records.items()}
    titles = dict.fromkeys(title for figures in found.values() for title in figures)
    return [[title, *(figures.get(title, "–") for figures in found.values())] for title in titles]


def _charts(records: _Records, titles: Mapping[str, str], end: int) -> list[Chart | None]:
    """A chart of each column that has a title, with a line for each run."""
    styles = {name: _style(position) for position, name in enumerate(records)}
    lines = {
        key: [
            Line(name, record.columns.generations, record.columns.values[key], *styles[name], raw=False)
            for name, record in records.items()
            if key in record.columns.values
        ]
        for key in titles
    }
    return [line_chart(titles[key], drawn, end, log=key.endswith("norm")) for key, drawn in lines.items()]


def _metrics(records: _Records, end: int) -> tuple[_Rows, list[Chart | None]]:
    """The last values of each metric and protocol by run, and charts of those with several values."""
    keys = list(dict.fromkeys(key for record in records.values() for key in record.metrics))[:MAX_METRICS]
    rows, drawn = [], []
    for key in keys:
        found = [record.metrics.get(key, ()) for record in records.values()]
        lines = [
            draw.metric_line(evaluations, name, *_style(position)) if evaluations else None
            for position, (name, evaluations) in enumerate(zip(records, found, strict=True))
        ]
        protocol = draw.protocol_with_seeds(key[1], [one for evaluations in found for one in evaluations])
        rows.append([key[0], *(format_number(line.y[-1]) if line else "–" for line in lines), protocol])
        drawn.append(draw.metric_chart(key[0], protocol, [line for line in lines if line], end))
    return rows, drawn


def _settings(records: _Records) -> _Rows:
    """The settings that are not the same in all runs."""
    values = [settings(record.config) for record in records.values()]
    keys = dict.fromkeys(key for one in values for key in one)
    rows = [
        [" ".join(key).replace("_", " "), *((format_json(one[key]) if key in one else "") or "–" for one in values)]
        for key in keys
    ]
    return [row for row in rows if len(set(row[1:])) > 1]
