"""The page of one run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from egan_tf.report import run_charts as draw
from egan_tf.report.charts import smoothing_window
from egan_tf.report.columns import SCORES
from egan_tf.report.looks import Look
from egan_tf.report.page import render
from egan_tf.report.public_config import public_config, public_value
from egan_tf.report.resumed import changes_of
from egan_tf.report.run_record import RunRecord
from egan_tf.report.selection import selection_chart, selection_of
from egan_tf.report.text import format_duration, format_json, format_number, format_share, words
from egan_tf.training.reproduce import MAX_VALUES, reproduce, settings
from egan_tf.utils.checks import InputError
from egan_tf.utils.json_numbers import whole_number

MAX_METRICS = 48
FORMULAS = {
    "egan": "F = Fq + γ·Fd",
    "balanced": "F = Fq + γ·Fd′",
    "logit": "F = E[D(G(z))] + γ·Fd",
    "quality": "F = Fq",
    "diversity": "F = Fd",
    "pairwise": "F = Fq + γ·E|G(z) − G(z′)|",
}
"""What each fitness adds up, by its name."""


def run_page(record: RunRecord, looks: Sequence[Look] = ()) -> str:
    """The HTML of a run's report, a pure function of its record, with further pictures."""
    selection = selection_of(record.columns)
    metrics, metric_charts = [], []
    for (metric, protocol), found in list(record.metrics.items())[:MAX_METRICS]:
        several = len({one.seed for one in found}) > 1
        line = draw.metric_line(found, "mean of the seeds" if several else "value", "accent")
        protocol_text = draw.protocol_with_seeds(protocol, found)
        finite = line.y[np.isfinite(line.y)]
        ends = [format_number(end) for end in (finite.min(), finite.max())] if finite.size else ["none"] * 2
        metrics.append([metric, format_number(line.y[-1]), f"{int(line.x[-1]):,}", *ends, protocol_text])
        metric_charts.append(draw.metric_chart(metric, protocol_text, [line], record.generations))
    config = public_config(record.config)
    values = settings(config)
    try:
        no_command, (command, changed) = "", reproduce(config)
    except InputError as error:
        no_command, command, changed = str(error), "", set()
    resumed = [f"{name} {change}" for (_, name), change in changes_of(record).items()]
    columns = record.columns
    return render(
        "run.html",
        record=record,
        looks=looks,
        subtitle=_subtitle(record),
        figures=[*key_figures(record), *((row[0], row[1], f"generation {row[2]}") for row in metrics[:4])],
        formula=_formula(record),
        window=smoothing_window(len(columns)),
        selection=selection,
        selection_chart=selection
        and selection_chart(
            "Mutations that won by more than rounding" if selection.decided else "Share of the survivors by mutation",
            selection,
        ),
        tournament_charts=draw.tournament_charts(record),
        score_charts=draw.score_charts(record),
        discriminator_charts=draw.discriminator_charts(record),
        metrics=metrics,
        metric_charts=metric_charts,
        metrics_left_out=len(record.metrics) > MAX_METRICS,
        counters=[
            [words(name), format_number(columns.values[name][-1]), format_number(np.nanmax(columns.values[name]))]
            for name in columns.counters
        ],
        counter_charts=draw.counter_charts(record),
        settings={
            section: {name: value for (of, name), value in values.items() if of == section} for section, _ in values
        },
        command=command,
        resumed=resumed,
        no_command=no_command,
        changed=changed,
        versions=list(record.versions.items())[:MAX_VALUES],
    )


def key_figures(record: RunRecord) -> list[tuple[str, str, str]]:
    """Name, value and a detail, which may be empty, of each key figure that was recorded."""
    figures: list[tuple[str, str, str]] = []
    steps = whole_number(record.setting("run", "steps"))
    if record.generations:
        figures.append(("Generations", f"{record.generations:,}", "" if steps is None else f"of {steps:,}"))
    if math.isfinite(record.seconds):
        pace = f"{record.generations / record.seconds:.3g} generations per second" if record.seconds > 0 else ""
        figures.append(("Training time", format_duration(record.seconds), pace))
    for name, title in {**SCORES, "discriminator_loss": "Discriminator loss"}.items():
        # A run without tournaments has no scores.
        if name in record.columns.values and np.isfinite(record.columns.values[name]).any():
            figures.append((title, format_number(record.columns.values[name][-1]), "last record"))
    if selection := selection_of(record.columns):
        share = format_share(selection.total(selection.leader))
        detail = f"{share} of the decided wins" if selection.decided else f"made {share} of the survivors"
        figures.append(("Leading mutation", selection.leader.replace("_", " "), detail))
    return figures


def _formula(record: RunRecord) -> str:
    """The fitness of the run, with its γ."""
    fitness, gamma = record.setting("evolution", "fitness"), record.setting("evolution", "gamma")
    name = draw.fitness_name(fitness)
    formula = FORMULAS.get(name, "F is a function of the user") if isinstance(name, str) else "F is not known"
    return f"{formula}, γ = {format_json(gamma)}" if "γ" in formula and gamma is not None else formula


def _subtitle(record: RunRecord) -> str:
    """Data set, network and seed, and how many generations were trained."""
    dataset = public_value("data", "dataset", record.setting("data", "dataset"))
    names = [dataset, record.setting("network", "network")]
    parts = [", ".join(format_json(name) for name in names if name is not None)]
    steps, seed = whole_number(record.setting("run", "steps")), record.setting("evolution", "seed")
    # Earlier section: "run".
    seed = record.setting("run", "seed") if seed is None else seed
    parts += [] if seed is None else [f"seed {format_json(seed)}"]
    if steps is None:
        parts.append(f"{record.generations:,} generations" if record.generations else "no records")
    elif record.generations >= steps:
        parts.append("complete")
    else:
        parts.append(f"{record.generations:,} of {steps:,} generations recorded")
    return " · ".join(["E-GAN", *filter(None, parts)])
