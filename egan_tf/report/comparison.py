"""The page that compares runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

import egan_tf
from egan_tf.report import charts, sections
from egan_tf.report.areas import COLORS, area_chart, colors_of, lineage_of
from egan_tf.report.evaluations import by_protocol
from egan_tf.report.frame import side_by_side
from egan_tf.report.lines import Line, line_chart
from egan_tf.report.markup import Html, element, join, table
from egan_tf.report.page import Section, document
from egan_tf.report.record import RunRecord
from egan_tf.report.samples import grid_figure
from egan_tf.report.scales import format_number
from egan_tf.report.settings import flat
from egan_tf.report.values import plain

MAX_RUNS = 12
_Named = Mapping[str, RunRecord]


def comparison_page(records: Mapping[str, RunRecord]) -> str:
    """The HTML that shows runs side by side.

    Args:
        records: at least two, at most `MAX_RUNS`, by the name that tells them apart.
    """
    end = max(record.generations for record in records.values())
    told = f"E-GAN · {' · '.join(records)}"
    return document(
        f"Comparison of {len(records)} runs",
        told,
        Html(),
        [
            _problems(records),
            Section("figures", "Key figures", _figures(records)),
            Section("samples", "Last samples", _samples(records)),
            Section("scores", "Survivors", _lines(records, "children.{}.winner", charts.SCORES, end)),
            Section("discriminator", "Discriminator", _lines(records, "{}", charts.DISCRIMINATOR, end)),
            Section("lineage", "Lineage", _lineages(records, end)),
            Section("metrics", "Metrics", _metrics(records, end)),
            Section("settings", "Settings that differ", _settings(records)),
        ],
        f"Written by egan_tf {egan_tf.__version__} from the records of {len(records)} runs.",
    )


def _kind(position: int) -> str:
    dashes = ("", " dashed", " dotted")[position // COLORS % 3]
    return f"color{position % COLORS}{dashes}"


def _problems(records: _Named) -> Section:
    return sections.warning_of([f"{name}: {p}." for name, record in records.items() for p in record.problems])


def _figures(records: _Named) -> Html:
    found = {
        name: {title: value for title, value, _ in sections.figures_of(record, lineage_of(record.columns))}
        for name, record in records.items()
    }
    titles = dict.fromkeys(title for figures in found.values() for title in figures)
    rows = [(title, *(figures.get(title, "–") for figures in found.values())) for title in titles]
    return table(("", *records), rows, "Key figures of the runs", "numbers") if rows else Html()


def _samples(records: _Named) -> Html:
    figures = [grid_figure(record.grids[-1], name) for name, record in records.items() if record.grids]
    return element("div", *figures, class_="last-grids") if figures else Html()


def _lines(records: _Named, pattern: str, titles: Mapping[str, str], end: float) -> Html:
    drawn = []
    for name, title in titles.items():
        key = pattern.format(name)
        lines = [
            Line(
                label,
                record.columns.generations.astype(np.float64),
                record.columns.values[key],
                _kind(position),
                record.columns.nulls.get(key, 0),
                thin=False,
            )
            for position, (label, record) in enumerate(records.items())
            if key in record.columns.values
        ]
        drawn.append(line_chart(title, lines, end, log=name == "discriminator_gradient_norm"))
    if not any(drawn):
        return Html()
    told = "Lines of many records are means over neighbouring ones; several survivors count by their mean."
    return join([element("p", told, class_="lede"), side_by_side(drawn)])


def _lineages(records: _Named, end: float) -> Html:
    found = {name: lineage_of(record.columns) for name, record in records.items()}
    lineages = {name: lineage for name, lineage in found.items() if lineage is not None}
    colors = colors_of(list(dict.fromkeys(name for lineage in lineages.values() for name in lineage.mutations)))
    return side_by_side([area_chart(name, lineage, end, colors) for name, lineage in lineages.items()])


def _metrics(records: _Named, end: float) -> Html:
    groups = {name: by_protocol(record.evaluations) for name, record in records.items()}
    keys = list(dict.fromkeys(key for found in groups.values() for key in found))[: charts.MAX_METRICS]
    drawn, rows = [], []
    for metric, protocol in keys:
        shared = [found.get((metric, protocol), ()) for found in groups.values()]
        lines = {
            name: charts.metric_line(group, name, _kind(position))
            for position, (name, group) in enumerate(zip(groups, shared, strict=True))
            if group
        }
        said = charts.protocol_text(protocol, tuple(one for group in shared for one in group))
        last = {name: format_number(float(line.y[-1])) for name, line in lines.items()}
        rows.append((metric, *(last.get(name, "–") for name in groups), said))
        if any(len(line.x) > 1 for line in lines.values()):
            furthest = max(end, *(float(line.x[-1]) for line in lines.values()))
            drawn.append(line_chart(metric, list(lines.values()), furthest, log=True, notes=[f"Protocol: {said}."]))
    if not rows:
        return Html()
    summary = table(("last value", *groups, "protocol"), rows, "Last value of each metric and protocol", "prose")
    return join([side_by_side(drawn), summary])


def _settings(records: _Named) -> Html:
    values = {
        name: flat(record.config.to_dict() if record.config else record.raw_config or {})
        for name, record in records.items()
    }
    keys = dict.fromkeys(key for config in values.values() for key in config)
    texts = {key: [(plain(config[key]) or "–") if key in config else "–" for config in values.values()] for key in keys}
    rows = [(" ".join(key).replace("_", " "), *cells) for key, cells in texts.items() if len(set(cells)) > 1]
    if not rows:
        return element("p", "None: the configurations are the same.", class_="lede")
    return table(("setting", *records), rows, "Settings that differ between the runs")
