"""The line charts of a run's records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from egan_tf.report.charts import Chart, Line, line_chart
from egan_tf.report.columns import DISCRIMINATOR, SCORES
from egan_tf.report.resumed import periods
from egan_tf.report.run_record import Evaluation, RunRecord
from egan_tf.report.text import words
from egan_tf.utils.json_numbers import real_number

TOURNAMENTS = ("tournaments", "decided_tournaments")
LOSS_AT_CHANCE = 2 * math.log(2)
"""Loss of a discriminator that gives every sample the probability one half."""


def score_charts(record: RunRecord) -> list[Chart | None]:
    """Charts of the scores of survivors and other children, and of the difference."""
    return [*(_score_chart(record, score) for score in SCORES), _lead_chart(record)]


def _score_chart(record: RunRecord, score: str) -> Chart | None:
    several = (real_number(record.setting("evolution", "population_size")) or 1) > 1
    winner = _line(record, f"children.{score}.winner", "winners, mean" if several else "winner")
    losers = replace(_line(record, f"children.{score}.loser", "losers, mean"), color="loser")
    low, high = (record.columns.column(f"children.{score}.loser_{end}") for end in ("low", "high"))
    if np.nanmax(high - low, initial=0.0) > 0:
        losers = replace(losers, band=(low, high))
    nulls = int(np.nansum(record.columns.column(f"children.{score}.nulls")))
    notes = [f"Scores of children that are not finite: {nulls:,}."] if nulls else []
    return line_chart(SCORES[score], [winner, losers], record.generations, notes=notes)


def _lead_chart(record: RunRecord) -> Chart | None:
    gamma = _gamma(record)
    parts = [("fitness", "in F", "accent", "solid", np.ones(len(gamma)))]
    if np.isfinite(gamma).any():
        quality = np.where(np.isfinite(gamma), 1.0, np.nan)
        parts += [
            ("quality", "in Fq", "color1", "dashed", quality),
            ("diversity", "in γ·Fd", "color2", "dotted", gamma),
        ]
    lines = []
    for score, label, color, style, weight in parts:
        winner, loser = (record.columns.column(f"children.{score}.{kind}") for kind in ("winner", "loser"))
        size = np.abs(weight * (winner - loser))
        # A logarithmic axis cannot show 0; a part that is always 0 is left out.
        positive = size > 0
        lines.append(
            Line(label, record.columns.generations[positive], size[positive], color, style, raw=score == "fitness")
        )
    return line_chart("Winner's lead over the losers' mean, magnitude", lines, record.generations, log=True)


def fitness_name(recorded: Any) -> Any:
    """The fitness of a run by its recorded setting; runs from before there was one had the paper's."""
    return "egan" if recorded is None else recorded


def _gamma(record: RunRecord) -> np.ndarray:
    """γ at each record, which a resumed run may have changed; NaN where the fitness is not the paper's."""
    gamma, fitness = ("evolution", "gamma"), ("evolution", "fitness")
    found = np.full(len(record.columns), np.nan)
    for start, values in periods(record, {name: record.setting(*name) for name in (gamma, fitness)}):
        number = real_number(values[gamma])
        known = number is not None and fitness_name(values[fitness]) == "egan"
        found[record.columns.generations > (start or -1)] = number if known else np.nan
    return found


def discriminator_charts(record: RunRecord) -> list[Chart | None]:
    """Charts of the discriminator's loss and gradient norm."""
    (loss, loss_title), (norm, norm_title) = DISCRIMINATOR.items()
    notes = ["Level line: 2 ln 2, the loss of a discriminator that cannot tell real from fake."]
    end = record.generations
    return [
        line_chart(loss_title, [_line(record, loss, "last")], end, level=LOSS_AT_CHANCE, notes=notes),
        line_chart(norm_title, [_line(record, norm, "last")], end, log=True),
    ]


def tournament_charts(record: RunRecord) -> list[Chart | None]:
    """Charts of how often tournaments were held and decided, and of how large the spread of F was; none if unknown."""
    generations = record.columns.generations
    if not np.isfinite(record.columns.column("tournaments")).any():
        return []
    since = np.diff(generations, prepend=0)

    def share(name: str) -> np.ndarray:
        return np.diff(record.columns.column(name), prepend=0.0) / since

    shares = [
        Line("held", generations, share("tournaments"), "accent"),
        Line("decided by more than rounding", generations, share("decided_tournaments"), "color1", "dashed"),
    ]
    spread = _line(record, "fitness_spread", "spread of F")
    error = Line(
        "standard error of the quality", generations, record.columns.column("quality_error"), "color1", "dashed"
    )
    # A logarithmic axis cannot show 0.
    lines = [replace(line, y=np.where(line.y > 0, line.y, np.nan)) for line in (spread, error)]
    notes = ["In the last tournament before each record. A spread below the error can decide nothing that matters."]
    return [
        line_chart("Tournaments, share of the generations", shares, record.generations),
        line_chart("Spread of F among siblings", lines, record.generations, log=True, notes=notes),
    ]


def counter_charts(record: RunRecord) -> list[Chart | None]:
    """A chart of each counter that was ever above 0, but for the tournaments, which have their own."""
    names = [name for name in record.columns.counters if name not in TOURNAMENTS]
    lines = {name: replace(_line(record, name, "last"), smoothed=False) for name in names}
    return [
        line_chart(words(name), [line], record.generations, whole=True)
        for name, line in lines.items()
        if np.nanmax(line.y) > 0
    ]


def metric_line(evaluations: Sequence[Evaluation], label: str, color: str, style: str = "solid") -> Line:
    """Values of one metric and protocol: the mean over each generation's evaluations, in a band of their range."""
    values: dict[int, list[float]] = {one.step: [] for one in sorted(evaluations, key=lambda one: one.step)}
    for one in evaluations:
        values[one.step] += [one.value] if math.isfinite(one.value) else []
    low, mean, high = (
        np.array([float(reduce(found)) if found else math.nan for found in values.values()])
        for reduce in (np.min, np.mean, np.max)
    )
    band = (low, high) if (high > low).any() else None
    return Line(label, np.array(list(values), float), mean, color, style, smoothed=False, band=band)


def metric_chart(metric: str, protocol: str, lines: Sequence[Line], generations: int) -> Chart | None:
    """A metric through time; None if no line has more than one point."""
    if all(len(line.x) < 2 for line in lines):
        return None
    end = max(generations, *(line.x[-1] for line in lines))
    return line_chart(metric, lines, end, log=True, notes=[f"Protocol: {protocol}."])


def protocol_with_seeds(protocol: str, evaluations: Sequence[Evaluation]) -> str:
    """The protocol with the seeds of the evaluations, as text."""
    seeds = sorted({one.seed for one in evaluations if one.seed})
    text = f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}" if seeds else ""
    return "; ".join(part for part in (protocol, text) if part) or "not recorded"


def _line(record: RunRecord, name: str, label: str) -> Line:
    return Line(label, record.columns.generations, record.columns.column(name), "accent")
