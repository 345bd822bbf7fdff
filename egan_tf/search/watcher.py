"""Follows the run of a trial: reports its metric to the engine, and says when the trial is to end early."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from egan_tf.search import outcome as outcomes
from egan_tf.search.outcome import DIVERGED, PRUNED, Outcome, best_of, values_of
from egan_tf.search.pulse import Pulse
from egan_tf.training import run_folder


class Watcher:
    """Reads the evaluations of a run as they come, each one once and in order.

    So what the engine learns, and whether a trial is pruned, does not depend on when the file is read.

    Attributes:
        values: the generations and values of the metric so far; those after a decision to prune do not count.
    """

    def __init__(
        self, trial: optuna.Trial, run: Path, metric: str, steps: int, pulse: Pulse, prunable: bool = True
    ) -> None:
        """Takes the trial.

        Args:
            trial: not finished; what an earlier worker has reported is not reported again.
            run: the folder of its run.
            metric: that decides.
            steps: the generations of the run.
            pulse: of the trial.
            prunable: whether a worse trial than others ends early; one that diverges does in any case.
        """
        self.values: list[tuple[int, float]] = []
        self._trial, self._run, self._metric, self._steps, self._pulse = trial, run, metric, steps, pulse
        self._prunable = prunable
        self._reported = set(trial.storage.get_trial(trial._trial_id).intermediate_values)
        self._size = -1

    def look(self) -> Outcome | None:
        """Reports new values; returns the outcome if the trial is to end now."""
        self._pulse.beat()
        path = self._run / run_folder.EVALUATIONS
        size = path.stat().st_size if path.exists() else 0
        if size == self._size:
            return None
        self._size = size
        for step, value in values_of(self._run, self._metric):
            if self.values and step <= self.values[-1][0]:
                continue
            self.values.append((step, value))
            if step not in self._reported:
                self._trial.report(value, step)
            elif step < max(self._reported):
                continue  # decided by an earlier worker
            # The engine is asked in any case: it counts at each rung whom it was asked about.
            if step < self._steps and self._trial.should_prune() and (self._prunable or math.isnan(value)):
                outcome = Outcome(PRUNED, f"pruned at generation {step}")
                if math.isnan(value):
                    outcome = Outcome(DIVERGED, f"diverged: the metric is not finite at generation {step}")
                decision = {"kind": outcome.kind, "reason": outcome.reason, "generation": step}
                self._trial.set_user_attr(outcomes.DECISION, decision)
                return outcome
        return None


def decision_of(trial: optuna.Trial) -> tuple[Outcome, list[tuple[int, float]]] | None:
    """How a trial is to end, and the values that count; None unless an earlier worker has decided it.

    That worker was killed before it recorded the end. Meanwhile the process of the trial may have evaluated again.
    """
    decision = trial.user_attrs.get(outcomes.DECISION)
    if decision is None:
        return None
    reported = trial.storage.get_trial(trial._trial_id).intermediate_values
    values = [(step, value) for step, value in sorted(reported.items()) if step <= decision["generation"]]
    return Outcome(decision["kind"], decision["reason"]), values


def tell(study: optuna.Study, trial: optuna.Trial, outcome: Outcome, values: list[tuple[int, float]]) -> None:
    """Records the end of a trial.

    Args:
        study: that it belongs to.
        trial: not finished.
        outcome: of `outcome.STATES`.
        values: of the metric, as far as they count.
    """
    best = best_of(values, study.direction == StudyDirection.MAXIMIZE)
    attributes: dict[str, Any] = {outcomes.REASON: outcome.reason[: outcomes.MAX_REASON]}
    attributes[outcomes.GENERATION] = values[-1][0] if values else 0
    if best is not None:
        attributes[outcomes.BEST_GENERATION], attributes[outcomes.BEST_VALUE] = best
    attributes[outcomes.OUTCOME] = outcome.kind  # last: a trial with an outcome has all that belongs to it
    for name, value in attributes.items():
        trial.set_user_attr(name, value)
    state = outcomes.STATES[outcome.kind]
    study.tell(trial.number, best[1] if state == TrialState.COMPLETE and best is not None else None, state=state)
