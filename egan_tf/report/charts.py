"""The charts of a run: what is drawn of its records."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from egan_tf.report.columns import Columns
from egan_tf.report.evaluations import Evaluation, by_protocol
from egan_tf.report.lines import Line, line_chart
from egan_tf.report.markup import Html
from egan_tf.report.reading import real_number
from egan_tf.report.record import RunRecord
from egan_tf.report.series import smoothing_window

SCORES = {"fitness": "Fitness F", "quality": "Quality Fq", "diversity": "Diversity Fd"}
DISCRIMINATOR = {
    "discriminator_loss": "Discriminator's loss",
    "discriminator_gradient_norm": "Discriminator's gradient norm",
}
INDIFFERENT = 2 * math.log(2)
"""Loss of a discriminator that gives every sample the probability one half."""
MAX_METRICS = 48


def score_chart(record: RunRecord, score: str) -> Html:
    """One score of the children that won and of those that lost."""
    columns = record.columns
    losers = _column(columns, f"children.{score}.loser", "losers, mean", "loser")
    low, high = (columns.values.get(f"children.{score}.loser_{end}") for end in ("low", "high"))
    if low is not None and high is not None and np.nanmax(high - low, initial=0.0) > 0:
        losers = replace(losers, low=low, high=high, band_label="losers, range")
    several = record.config is not None and record.config.evolution.population_size > 1
    winner = _column(columns, f"children.{score}.winner", "winners, mean" if several else "winner", "winner")
    nulls = int(np.nansum(columns.values.get(f"children.{score}.nulls", np.zeros(1))))
    notes = [f"Scores of children that are not finite: {nulls:,}."] if nulls else []
    return line_chart(SCORES[score], [winner, losers], record.generations, notes=notes)


def lead_chart(record: RunRecord) -> Html:
    """How far the winner's fitness is above its siblings', and how large the parts of quality and diversity are."""
    columns = record.columns
    evolution = record.config.evolution if record.config else None
    parts = {"fitness": ("in F", "winner", 1.0)}
    gamma = real_number(evolution.gamma) if evolution and evolution.fitness == "egan" else None
    if gamma is not None and math.isfinite(gamma):
        parts["quality"] = ("in Fq", "color1 dashed", 1.0)
        parts["diversity"] = ("in γ·Fd", "color2 dotted", gamma)
    lines = []
    for score, (label, kind, weight) in parts.items():
        winner, loser = (columns.values.get(f"children.{score}.{end}") for end in ("winner", "loser"))
        if winner is not None and loser is not None:
            size = np.abs(weight * (winner - loser))
            # No lead at all has no place on a logarithmic axis.
            lead = np.where(size > 0, size, np.nan)
            lines.append(Line(label, columns.generations, lead, kind, thin=score == "fitness"))
    title = "Size of the winner's lead over the losers' mean"
    return line_chart(title, lines, record.generations, log=True)


def discriminator_chart(record: RunRecord, name: str) -> Html:
    """The discriminator's loss, or the norm of its gradient."""
    line = _column(record.columns, name, "last", "winner")
    if name != "discriminator_loss":
        return line_chart(DISCRIMINATOR[name], [line], record.generations, log=True)
    notes = ["Level line: 2 ln 2, the loss of one that cannot tell real from fake."]
    return line_chart(DISCRIMINATOR[name], [line], record.generations, level=INDIFFERENT, notes=notes)


def counter_chart(record: RunRecord, name: str) -> Html:
    """A whole number that the run recorded."""
    line = _column(record.columns, name, "last", "winner", smooths=False)
    return line_chart(words(name), [line], record.generations, whole=True)


def words(name: str) -> str:
    """The name of a quantity as the beginning of a sentence."""
    spaced = name.replace("_", " ")
    return spaced[:1].upper() + spaced[1:]


def smoothing_note(count: int) -> str:
    """What the lines of `count` records are; empty if each shows its records alone."""
    window = smoothing_window(count)
    return f"Thick lines are means over {window} records, thin ones the records." if window > 1 else ""


def metric_charts(record: RunRecord) -> list[Html]:
    """A chart of each metric and protocol that was evaluated at more than one generation."""
    charts = []
    for (metric, protocol), group in list(by_protocol(record.evaluations).items())[:MAX_METRICS]:
        line = metric_line(group, "mean of the seeds" if len({one.seed for one in group}) > 1 else "value", "winner")
        if len(line.x) > 1:
            end = max(float(record.generations), float(line.x[-1]))
            charts.append(
                line_chart(metric, [line], end, log=True, notes=[f"Protocol: {protocol_text(protocol, group)}."])
            )
    return charts


def metric_line(group: tuple[Evaluation, ...], label: str, kind: str) -> Line:
    """Evaluations of one metric and protocol as a line: the mean of each generation's, within their range."""
    steps = sorted({one.step for one in group})
    values: dict[int, list[float]] = {step: [] for step in steps}
    for one in group:
        values[one.step].append(one.value)
    finite = [np.array([value for value in values[step] if math.isfinite(value)]) for step in steps]
    ends = [[float(end(found)) if found.size else math.nan for found in finite] for end in (np.min, np.mean, np.max)]
    low, mean, high = map(np.array, ends)
    nulls = sum(not math.isfinite(one.value) for one in group)
    line = Line(label, np.array(steps, np.float64), mean, kind, nulls, smooths=False, marks=len(steps) <= 60)
    if not (high > low).any():
        return line
    return replace(line, low=low, high=high, band_label="range of the seeds")


def protocol_text(protocol: tuple[tuple[str, str], ...], group: tuple[Evaluation, ...]) -> str:
    """How values were made, in words."""
    seeds = sorted({one.seed for one in group if one.seed})
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in protocol]
    parts += [f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"] if seeds else []
    return "; ".join(parts) or "not recorded"


def _column(columns: Columns, name: str, label: str, kind: str, smooths: bool = True) -> Line:
    values = columns.values.get(name, np.full(len(columns), np.nan))
    return Line(label, columns.generations.astype(np.float64), values, kind, columns.nulls.get(name, 0), smooths)
