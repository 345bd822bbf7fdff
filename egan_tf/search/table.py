"""What a study has found so far: numbers and lines about its trials."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from egan_tf.search import outcome as outcomes
from egan_tf.search.again import continued, fell_silent, lost, superseded
from egan_tf.search.space import format_drawn
from egan_tf.search.study import HOST, Study, is_unfinished
from egan_tf.training import run_folder

MAX_CELL = 48
"""Characters of a cell; longer values are cut."""


def counted(trials: Sequence[FrozenTrial]) -> int:
    """The number of trials, without those that were begun again, or are to be, under another number."""
    return len({trial.number for trial in trials} - superseded(trials) - {trial.number for trial in lost(trials)})


def generations_of(trials: Sequence[FrozenTrial], steps: int) -> int:
    """The generations of all trials: as far as ended ones were measured, and all `steps` of unfinished ones.

    Those of a failed trial count with the one that goes on with its run.
    """
    others = continued(trials)
    ended = sum(_measured(one) for one in trials if not is_unfinished(one) and one.number not in others)
    return ended + steps * sum(trial.state == TrialState.RUNNING for trial in trials)


def _measured(trial: FrozenTrial) -> int:
    """How far a trial was measured; if its machine fell silent, as far as that has reported."""
    reported = max(trial.intermediate_values, default=0)
    return int(trial.user_attrs.get(outcomes.GENERATION, reported))


def best_trial(study: Study) -> FrozenTrial | None:
    """The trial that came to its end with the best value, the first of equal ones; None if there is none."""
    done = [trial for trial in study.trials if trial.state == TrialState.COMPLETE and trial.value is not None]
    sign = -1.0 if study.definition.higher_is_better else 1.0
    return min(done, key=lambda trial: sign * float(trial.value or 0.0), default=None)


def ranked_runs(study: Study) -> list[Path]:
    """The runs in the study's folder that have records, best first; then those that did not come to their end."""
    sign = -1.0 if study.definition.higher_is_better else 1.0

    def rank(trial: FrozenTrial) -> tuple[bool, float, int]:
        value = trial.user_attrs.get(outcomes.BEST_VALUE)
        return trial.state != TrialState.COMPLETE, math.inf if value is None else sign * value, trial.number

    own = [trial for trial in sorted(study.trials, key=rank) if study.is_own(trial)]
    runs = dict.fromkeys(study.run_of(trial.number) for trial in own)
    return [run for run in runs if (run / run_folder.METRICS).exists()]


def trial_line(study: Study, number: int) -> str:
    """One line about a trial that has ended: its result, the best so far, and how many there are."""
    trials, best = study.trials, best_trial(study)
    trial, metric = trials[number], study.definition.metric
    facts = trial.user_attrs
    value = f"{metric} {facts[outcomes.BEST_VALUE]:.5g}" if outcomes.BEST_VALUE in facts else ""
    at = f"at generation {facts[outcomes.BEST_GENERATION]}" if value else ""
    kind = facts.get(outcomes.OUTCOME, "")
    if kind == outcomes.DONE:
        result = f"{value} {at}"
    else:
        reason = facts.get(outcomes.REASON) or kind
        result = (reason if kind in reason else f"{kind}: {reason}") + (f", {value} {at}" if value else "")
    leader = f"; best {best.value:.5g} (trial {best.number})" if best is not None else ""
    known = counted(trials)
    ended = sum(not is_unfinished(one) for one in trials) - (len(trials) - known)
    most = study.limits[0] or (known if study.definition.sweep else 0)
    return f"trial {number}: {result}{leader}; {ended}{f' of {most}' if most else ''} trials"


def rows(study: Study) -> list[dict[str, Any]]:
    """A dictionary that JSON can hold for each trial, in order."""
    trials = study.trials
    left = {trial.number for trial in lost(trials)}
    return [_row(study, trial, trial.number in left) for trial in trials]


def _row(study: Study, trial: FrozenTrial, left: bool) -> dict[str, Any]:
    facts = trial.user_attrs
    silent = ("to be begun again" if left else "begun again") if fell_silent(trial) else ""
    waiting = "queued" if trial.state == TrialState.WAITING else "unfinished"
    names = (outcomes.BEST_GENERATION, outcomes.BEST_VALUE, outcomes.SECONDS)
    return {
        "trial": trial.number,
        "outcome": silent or facts.get(outcomes.OUTCOME) or waiting,
        "reason": facts.get(outcomes.REASON, ""),
        outcomes.GENERATION: None if is_unfinished(trial) else _measured(trial),
        **{name: facts.get(name) for name in names},
        "settings": dict(trial.params),
        "run": str(study.run_of(trial.number)) if study.is_own(trial) else None,
        "host": facts.get(HOST),
    }


def summary(study: Study) -> dict[str, Any]:
    """The result of a study as JSON can hold it: the trials, the best, and over seeds the mean."""
    best = best_trial(study)
    values = [float(trial.value or 0.0) for trial in study.trials if trial.state == TrialState.COMPLETE]
    spread: dict[str, Any] = {}
    if study.definition.sweep and values:
        deviation = statistics.stdev(values) if len(values) > 1 else None
        spread = {"mean": statistics.fmean(values), "deviation": deviation, "seeds": len(values)}
    return {
        "study": study.name,
        "metric": study.definition.metric,
        "higher_is_better": study.definition.higher_is_better,
        "best": None if best is None else best.number,
        "generations": generations_of(study.trials, 0),
        **spread,
        "trials": rows(study),
    }


def table(study: Study) -> list[str]:
    """The lines of a table of the trials."""
    labels = list(dict.fromkeys(label for trial in study.trials for label in trial.params))
    lines = [["trial", "outcome", study.definition.metric, "at", "of", *labels]]
    for row in rows(study):
        value, at, of = (row[name] for name in (outcomes.BEST_VALUE, outcomes.BEST_GENERATION, outcomes.GENERATION))
        cells = [str(row["trial"]), row["outcome"], "-" if value is None else f"{value:.5g}"]
        cells += ["-" if number is None else str(number) for number in (at, of)]
        lines.append(cells + [_cell(row["settings"].get(label, "-")) for label in labels])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def spread_line(study: Study) -> str:
    """The mean over the seeds of a sweep, and their standard deviation; empty for a search."""
    found = summary(study)
    if "mean" not in found:
        return ""
    deviation = "" if found["deviation"] is None else f", standard deviation {found['deviation']:.3g}"
    return f"{found['metric']}: mean {found['mean']:.5g}{deviation}, of {found['seeds']} seeds"


def _cell(value: Any) -> str:
    text = format_drawn(value)
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 3]}..."
