"""Trials that are tried again under another number: their machine fell silent, or they failed.

The later trial has the numbers of those before it in its history. All follows from what the storage holds, so that it
does not matter where a worker is killed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import fail_stale_trials
from optuna.trial import FrozenTrial, TrialState

from egan_tf.search.outcome import FAILED, OUTCOME, REFUSED
from egan_tf.search.sampler import QUEUED

MAX_TRIES = 3
"""Of settings with which a trial fails; `--seeds` may ask for more."""
FOLDER = "folder"
"""Attribute of a trial: the identity of the study's folder that has its run."""
HISTORY = "retry_history"
"""Optuna's attribute of a trial: the numbers of those that it begins again."""


def fell_silent(trial: FrozenTrial) -> bool:
    """Whether a trial ended because its machine fell silent, or as the later one of two twins."""
    # Its worker may have been about to record another outcome, which has another state.
    return trial.state == TrialState.FAIL and trial.user_attrs.get(OUTCOME) not in (REFUSED, FAILED)


def superseded(trials: Sequence[FrozenTrial]) -> set[int]:
    """The numbers of the trials that others stand for: of all before another one, and of its later twins."""
    return {number for trial in trials for number in trial.system_attrs.get(HISTORY, ())} | _twins(trials)


def lost(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that ended because their machine fell silent, and that no other one stands for yet."""
    again = superseded(trials)
    return [trial for trial in trials if fell_silent(trial) and trial.number not in again]


def to_try_again(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that failed less than `MAX_TRIES` times, and that no other one stands for yet.

    They ended by an error that is not their settings' fault, as far as is known, such as a full disk.
    """
    return [trial for trial in failed(trials) if _failures(trials, trial.number) < MAX_TRIES]


def failed(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that failed, however often, and that no other one stands for yet."""
    again = superseded(trials)
    return [trial for trial in trials if _has_failed(trial) and trial.number not in again]


def run_number(trials: Sequence[FrozenTrial], number: int) -> int:
    """The number of the trial whose run a trial has: its own, or that of a failed one that it goes on with.

    Args:
        trials: of the study.
        number: of the trial.
    """
    before = _failed_before(trials, number)
    if before is None or before.user_attrs.get(FOLDER) != trials[number].user_attrs.get(FOLDER):
        return number
    return run_number(trials, before.number)


def continued(trials: Sequence[FrozenTrial]) -> set[int]:
    """The numbers of the failed trials whose runs others go on with, or may when they begin."""
    found = set[int]()
    for trial in trials:
        before = _failed_before(trials, trial.number)
        waiting = trial.state == TrialState.WAITING
        if before is not None and (waiting or run_number(trials, trial.number) != trial.number):
            found.add(before.number)
    return found


def begin_silent_again(study: optuna.Study) -> None:
    """Ends the trials of machines that fell silent, and queues their settings as other trials.

    Also those that were ended before, but not queued: a worker may be killed in between. Two machines may queue the
    same one at once; then the later one is ended before anybody begins it.
    """
    fail_stale_trials(study)
    for trial in lost(study.get_trials(deepcopy=False)):
        queue_again(study, trial)
    trials = study.get_trials(deepcopy=False)
    for number in _twins(trials):
        if trials[number].state == TrialState.WAITING:
            with contextlib.suppress(UpdateFinishedTrialError):
                study._storage.set_trial_state_values(trials[number]._trial_id, TrialState.FAIL)


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queues the settings of a trial that has ended, as another trial.

    Nothing else of it stays in the storage: the new one is pruned and counted for itself. Optuna's own callback would
    copy the rungs that it has passed, and our attributes.
    """
    kept = {name: trial.system_attrs[name] for name in (QUEUED,) if name in trial.system_attrs}
    history = [*trial.system_attrs.get(HISTORY, []), trial.number]
    study.add_trial(
        optuna.create_trial(
            state=TrialState.WAITING,
            params=trial.params,
            distributions=trial.distributions,
            system_attrs={**kept, HISTORY: history},
        )
    )


def _has_failed(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.FAIL and trial.user_attrs.get(OUTCOME) == FAILED


def _failed_before(trials: Sequence[FrozenTrial], number: int) -> FrozenTrial | None:
    """The trial that one tries again because it failed."""
    history = trials[number].system_attrs.get(HISTORY, ()) if number < len(trials) else ()
    before = trials[history[-1]] if history else None
    return before if before is not None and _has_failed(before) else None


def _failures(trials: Sequence[FrozenTrial], number: int) -> int:
    """How often the settings of a failed trial have failed."""
    history = trials[number].system_attrs.get(HISTORY, ())
    return sum(_has_failed(trials[one]) for one in (*history, number))


def _twins(trials: Sequence[FrozenTrial]) -> set[int]:
    """The numbers of the trials that begin the same one again as an earlier trial."""
    before, twins = set[int](), set[int]()
    for trial in trials:
        for number in trial.system_attrs.get(HISTORY, ())[-1:]:
            if number in before:
                twins.add(trial.number)
            before.add(number)
    return twins
