"""The sections of a run's page."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence

import numpy as np

from egan_tf.report import charts
from egan_tf.report.areas import Lineage, area_chart, colors_of
from egan_tf.report.evaluations import by_protocol
from egan_tf.report.frame import side_by_side
from egan_tf.report.markup import Html, element, join, table
from egan_tf.report.page import WARNING, Section
from egan_tf.report.record import RunRecord
from egan_tf.report.samples import samples_viewer
from egan_tf.report.scales import format_duration, format_number, format_share
from egan_tf.report.settings import MAX_VALUES
from egan_tf.report.values import plain


def subtitle_of(record: RunRecord) -> str:
    """What was trained on what, and whether training came to its end."""
    parts = [f"{record.generations:,} generations" if record.generations else "no records"]
    if record.config:
        config = record.config
        parts = [f"{config.data.dataset}, {config.network.network}", f"seed {config.evolution.seed}"]
        done = record.generations >= config.run.steps
        parts.append("complete" if done else f"{record.generations:,} of {config.run.steps:,} generations recorded")
    return " · ".join(["E-GAN", *parts])


def figures_of(record: RunRecord, lineage: Lineage | None) -> list[tuple[str, str, str]]:
    """The key figures: what, how much, and a detail."""
    columns = record.columns
    figures = []
    if record.generations:
        of = f"of {record.config.run.steps:,}" if record.config else ""
        figures.append(("Generations", f"{record.generations:,}", of))
    if math.isfinite(record.seconds):
        pace = record.generations / record.seconds if record.seconds else math.nan
        per_second = f"{format_number(float(f'{pace:.3g}'))} generations a second" if math.isfinite(pace) else ""
        figures.append(("Training time", format_duration(record.seconds), per_second))
    for name, title in (*charts.SCORES.items(), ("discriminator_loss", "Discriminator's loss")):
        if name in columns.values:
            figures.append((title, format_number(columns.last(name)), "last record"))
    if lineage:
        best = int(lineage.wins.argmax())
        share = f"made {format_share(float(lineage.total[best]))} of survivors"
        figures.append(("Leading mutation", lineage.mutations[best].replace("_", " "), share))
    return figures


def metric_figures_of(record: RunRecord) -> list[tuple[str, str, str]]:
    """The last values of the first few metrics as key figures."""
    found = []
    for (metric, _), group in list(by_protocol(record.evaluations).items())[:4]:
        line = charts.metric_line(group, "", "")
        found.append((metric, format_number(float(line.y[-1])), f"generation {int(line.x[-1]):,}"))
    return found


def problems_section(record: RunRecord) -> Section:
    """What is missing or damaged."""
    return warning_of([f"{problem[:1].upper()}{problem[1:]}." for problem in record.problems])


def warning_of(problems: Sequence[str]) -> Section:
    """The section that lists problems; nothing, if there are none."""
    items = [element("li", problem) for problem in problems]
    return Section("problems", "Not everything could be read", element("ul", *items) if items else Html(), WARNING)


def samples_section(record: RunRecord) -> Section:
    """Sample grids through time."""
    if not record.grids:
        return Section("samples", "Samples", _lede("No pictures of samples could be read."))
    told = "The same noise through time: samples of the fittest generator."
    return Section("samples", "Samples", join([_lede(told), samples_viewer(record.grids, record.grids_found)]))


def lineage_section(record: RunRecord, lineage: Lineage | None) -> Section:
    """Which mutation won when, and how often in all."""
    if lineage is None:
        return Section("lineage", "Lineage", _lede("No record tells which mutations won."))
    colors = colors_of(lineage.mutations)
    drawn = area_chart("Share of the survivors by the mutation that made them", lineage, record.generations, colors)
    told = "Every parent is copied once per mutation; the fittest children survive, whichever mutation made them."
    return Section("lineage", "Lineage", join([_lede(told), element("div", drawn, class_="wide"), wins_table(lineage)]))


def wins_table(lineage: Lineage) -> Html:
    """Each mutation's survivors and their share over the whole run."""
    rows = [
        (name, f"{won:,}", format_share(share))
        for name, won, share in zip(lineage.mutations, lineage.wins.tolist(), lineage.total.tolist(), strict=True)
    ]
    rows.append(("all", f"{int(lineage.wins.sum()):,}", format_share(1.0)))
    return table(("mutation", "survivors", "share"), rows, "Survivors of the whole run by mutation", "numbers")


def children_section(record: RunRecord) -> Section:
    """Scores of winners and losers."""
    drawn = [charts.score_chart(record, score) for score in charts.SCORES]
    drawn.append(charts.lead_chart(record))
    gamma = f", γ = {record.config.evolution.gamma:g}" if record.config else ""
    told = (
        f"Scores by the discriminator as it stood: F = Fq + γ·Fd{gamma}. Losers are the children that did not survive."
    )
    told = f"{told} {charts.smoothing_note(len(record.columns))}"
    return _charts_section("children", "Winners and losers", told, drawn, "No record holds scores of children.")


def discriminator_section(record: RunRecord) -> Section:
    """The discriminator's loss and gradient norm."""
    drawn = [charts.discriminator_chart(record, name) for name in charts.DISCRIMINATOR]
    told = f"The environment, at the last step of each generation. {charts.smoothing_note(len(record.columns))}"
    return _charts_section("discriminator", "Discriminator", told, drawn, "No record holds the discriminator's loss.")


def metrics_section(record: RunRecord) -> Section:
    """Each metric through time with its protocol; nothing, if none was evaluated."""
    if not record.evaluations:
        return Section("metrics", "Metrics", Html())
    told = "Values compare where their protocols are the same."
    if len(by_protocol(record.evaluations)) > charts.MAX_METRICS:
        told = f"{told} Only the first {charts.MAX_METRICS} metrics and protocols are shown."
    rows = []
    for (metric, protocol), group in list(by_protocol(record.evaluations).items())[: charts.MAX_METRICS]:
        line = charts.metric_line(group, "", "")
        finite = [value for value in line.y.tolist() if math.isfinite(value)]
        cells = [format_number(value) for value in (min(finite), max(finite))] if finite else ["none", "none"]
        said = charts.protocol_text(protocol, group)
        rows.append((metric, format_number(float(line.y[-1])), f"{int(line.x[-1]):,}", *cells, said))
    heading = ("metric", "last", "generation", "lowest", "highest", "protocol")
    summary = table(heading, rows, "Metrics, mean over seeds where there are several", "prose")
    return Section("metrics", "Metrics", join([_lede(told), side_by_side(charts.metric_charts(record)), summary]))


def counters_section(record: RunRecord) -> Section:
    """Whole numbers of the records, such as faults that were mended; nothing, if there are none."""
    names = record.columns.counters
    if not names:
        return Section("counters", "Counters", Html())
    values = {name: record.columns.values[name] for name in names}
    rows = [
        (charts.words(name), format_number(record.columns.last(name)), format_number(float(np.nanmax(value))))
        for name, value in values.items()
    ]
    summary = table(("counter", "last record", "highest"), rows, "Counters", "numbers")
    drawn = [charts.counter_chart(record, name) for name, value in values.items() if np.nanmax(value) > 0]
    told = "Faults and other events, as the run counted them."
    return Section("counters", "Counters", join([_lede(told), summary, side_by_side(drawn)]))


def events_section(record: RunRecord) -> Section:
    """What happened to the run; nothing, if nothing was written down."""
    if not record.events:
        return Section("events", "What happened", Html())
    rows = [(event.time, event.name, event.generation, event.details) for event in record.events]
    return Section(
        "events", "What happened", table(("time", "event", "generation", "details"), rows, "Events", "prose")
    )


def provenance_section(record: RunRecord) -> Section:
    """Versions of packages, and how the run was started."""
    parts = []
    started, argv = record.about.get("started"), record.about.get("argv")
    if isinstance(started, str):
        parts.append(element("p", f"Started {started}."))
    if isinstance(argv, list) and all(isinstance(word, str) for word in argv):
        parts += [element("p", "Started as"), element("pre", element("code", shlex.join(argv)), tabindex=0)]
    if record.versions:
        rows = [(name, plain(version)) for name, version in list(record.versions.items())[:MAX_VALUES]]
        parts.append(table(("package", "version"), rows, "Versions"))
    return Section("versions", "Versions", join(parts))


def _charts_section(identity: str, title: str, told: str, drawn: list[Html], nothing: str) -> Section:
    if not any(drawn):
        return Section(identity, title, _lede(nothing) if nothing else Html())
    return Section(identity, title, join([_lede(told), side_by_side(drawn)]))


def _lede(text: str) -> Html:
    return element("p", text, class_="lede")
