"""Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934): no trial waits for another.

Rung n is at the generation first_rung · REDUCTION^n. A trial is judged once at each rung, by its first value there.
Optuna's own pruner stores that a trial was judged, but not how: a worker that is killed in between leaves a trial that
is never pruned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from egan_tf.search.definition import REDUCTION

RUNG = "rung_{}"
"""Attribute of a trial for each rung at which it was judged: the generation and the value there, and whether it goes
on. It is stored at once, so that a worker may be killed before or after."""
_OLD_RUNG = "completed_rung_{}"
"""Optuna's attribute, in studies of older versions: the value."""


class Halving(optuna.pruners.BasePruner):
    """Ends a trial at a rung unless it is in the best part of all that got there."""

    def __init__(self, first_rung: int) -> None:
        """Args: first_rung: the generation of the first rung."""
        self._first_rung = first_rung

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Whether a trial is to end at its last generation; asked again, it answers the same.

        A value that is not finite ends a trial at any rung, and is no value of that rung.

        Args:
            study: with the trials that are compared.
            trial: as it is in the storage.
        """
        step = trial.last_step
        if step is None:
            return False
        for rung in itertools.takewhile(lambda rung: step >= self._first_rung * REDUCTION**rung, itertools.count()):
            if _value_at(trial, rung) is None:
                if math.isnan(trial.intermediate_values[step]):
                    return True
                goes_on = _judge(study, trial, step, rung)
            else:
                verdict = trial.system_attrs.get(RUNG.format(rung), {})
                goes_on = verdict.get("generation") != step or verdict["goes_on"]
            if not goes_on:
                return True
        return False


def _judge(study: optuna.Study, trial: FrozenTrial, step: int, rung: int) -> bool:
    """Whether a trial goes on at a rung where it was not judged yet; stores the verdict."""
    value = trial.intermediate_values[step]
    values = [_value_at(other, rung) for other in study.get_trials(deepcopy=False) if other.number != trial.number]
    others = [other for other in values if other is not None]
    goes_on = is_among_best(value, others, study.direction == StudyDirection.MAXIMIZE)
    verdict = {"generation": step, "value": value, "goes_on": goes_on}
    study._storage.set_trial_system_attr(trial._trial_id, RUNG.format(rung), verdict)
    return goes_on


def is_among_best(value: float, others: Sequence[float], higher_is_better: bool) -> bool:
    """Whether a value is in the best part of all at a rung, itself included; of few, whether it is the best.

    Args:
        value: of the trial.
        others: values of the other trials at that rung.
        higher_is_better: whether larger values are better.
    """
    ranked = sorted([value, *others], reverse=higher_is_better)
    last = ranked[max(len(ranked) // REDUCTION, 1) - 1]
    return value >= last if higher_is_better else value <= last


def _value_at(trial: FrozenTrial, rung: int) -> float | None:
    """The value of a trial at a rung; None if it was not judged there."""
    verdict: dict[str, Any] | None = trial.system_attrs.get(RUNG.format(rung))
    return trial.system_attrs.get(_OLD_RUNG.format(rung)) if verdict is None else float(verdict["value"])
