"""What became of a trial: from its run's records and the exit status of its process."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from egan_tf.evolution.settings import MAX_GENERATIONS
from egan_tf.search.process import failure
from egan_tf.training import run_folder
from egan_tf.utils.json_lines import read_records
from egan_tf.utils.json_numbers import real_number, whole_number

DONE, PRUNED, DIVERGED, REFUSED, FAILED = "done", "pruned", "diverged", "refused", "failed"
INTERRUPTED = "interrupted"
STATES = {
    DONE: TrialState.COMPLETE,
    # The sampler learns from pruned trials, but not from failed ones; that settings diverge is worth learning.
    PRUNED: TrialState.PRUNED,
    DIVERGED: TrialState.PRUNED,
    REFUSED: TrialState.FAIL,
    FAILED: TrialState.FAIL,
}
"""By outcome, Optuna's state of the trial; an interrupted one goes on."""
OUTCOME, REASON, GENERATION, BEST_GENERATION, BEST_VALUE = "outcome", "reason", "generation", "best_at", "best"
SECONDS, INTERRUPTIONS, DECISION = "seconds", "interruptions", "decision"
"""Attributes of a trial; `generation` is how far it was trained, as far as it was measured, and `decision` how a trial
that still runs is to end."""
REFUSED_STATUS = 2
MAX_REASON = 300


@dataclass(frozen=True)
class Outcome:
    """The end of a trial.

    Attributes:
        kind: of `STATES`, or `INTERRUPTED`.
        reason: one line; empty for a trial that came to its end.
    """

    kind: str
    reason: str = ""


def values_of(run: Path, metric: str) -> list[tuple[int, float]]:
    """The generations and values of a metric that a run has recorded, in order.

    A value that is no number, not finite, or beyond `MAX_NUMBER` is NaN.
    """
    path = run / run_folder.EVALUATIONS
    found: dict[int, float] = {}
    for record in read_records(path) if path.exists() else []:
        step = whole_number(record.get("step"))
        if record.get("kind") == metric and step is not None and step <= MAX_GENERATIONS:
            value = real_number(record.get("value"))
            found[step] = math.nan if value is None else value
    return sorted(found.items())


def best_of(values: Iterable[tuple[int, float]], higher_is_better: bool) -> tuple[int, float] | None:
    """The generation and the best value, the first of equal ones; None if no value is finite."""
    finite = [(step, value) for step, value in values if math.isfinite(value)]
    sign = -1.0 if higher_is_better else 1.0
    return min(finite, key=lambda one: sign * one[1], default=None)


def outcome_of(
    status: int, values: Sequence[tuple[int, float]], run: Path, printed: str, blamed: Collection[str]
) -> Outcome:
    """The outcome of a process that ended by itself.

    Args:
        status: its exit status; negative for a signal.
        values: of the metric.
        run: the folder of the run.
        printed: the last line that it printed.
        blamed: the settings that it may be refused for; other refusals have reasons that may pass, such as data that is
            not there.
    """
    if status == 0:
        if any(math.isfinite(value) for _, value in values):
            return Outcome(DONE)
        return Outcome(DIVERGED, "the metric had no finite value")
    if status == REFUSED_STATUS:
        reason = failure(printed, status)
        return Outcome(REFUSED if reason.partition(":")[0] in blamed else FAILED, reason)
    if status == 1:
        event = _last_event(run)
        # Without a checkpoint to roll back to, the disk was full; older versions did not record which it was.
        if event.get("event") == run_folder.FAILED and event.get(run_folder.ROLLED_BACK, True):
            return Outcome(DIVERGED, "no child was viable, also after the run had rolled back")
        return Outcome(FAILED, failure(printed, status))
    number = -status if status < 0 else status - 128
    return Outcome(INTERRUPTED, f"ended by signal {number}" if number > 0 else f"exit status {status}")


def _last_event(run: Path) -> dict[str, Any]:
    path = run / run_folder.EVENTS
    events = read_records(path) if path.exists() else []
    return events[-1] if events else {}
