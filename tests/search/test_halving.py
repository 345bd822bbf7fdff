"""Pruning: as Optuna's successive halving decides, and as without an interruption wherever a worker is killed."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from egan_tf.search import engine
from egan_tf.search.definition import REDUCTION
from egan_tf.search.halving import Halving
from egan_tf.search.outcome import DONE, Outcome
from egan_tf.search.pulse import Pulse
from egan_tf.search.study import Study
from egan_tf.search.watcher import Watcher, decision_of, tell
from tests.search.studies import RATE, made

METRIC = "frechet_distance"
TRIALS: tuple[tuple[bool, dict[int, float | None]], ...] = (
    (True, {10: 3.0, 20: 2.0, 30: 2.0}),
    (False, {10: 4.0, 20: 3.0, 30: 3.0}),
    (True, {10: 5.0, 20: 0.1, 30: 0.1}),
    (True, {10: 1.0, 20: 1.0, 30: 2.5}),
    (True, {20: 0.5, 30: None}),
    (True, {30: 0.4}),
    (True, {30: 9.0}),
)
"""Whether a trial may be pruned, and its values; without one at 10 its first value is judged at that rung."""


class KilledError(BaseException):
    pass


class Killer:
    """Ends the program, once, before the write to the storage with a number."""

    def __init__(self, write: int | None) -> None:
        self._left, self.killed = write, False

    def guard(self, trial: optuna.Trial, patch: pytest.MonkeyPatch) -> None:
        for name in ("set_trial_intermediate_value", "set_trial_system_attr", "set_trial_user_attr"):
            patch.setattr(trial.storage, name, self._guarded(getattr(trial.storage, name)))

    def _guarded(self, function: Any) -> Any:
        def guarded(*arguments: Any) -> Any:
            if self._left == 0 and not self.killed:
                self.killed = True
                raise KilledError
            if self._left is not None:
                self._left -= 1
            return function(*arguments)

        return guarded


def ended(study: Study, trial: optuna.Trial, prunable: bool) -> tuple[Outcome, list[tuple[int, float]]]:
    """What a worker makes of a trial whose process has ended."""
    decided = decision_of(trial)
    if decided is not None:
        return decided
    watcher = Watcher(trial, study.run_of(trial.number), METRIC, 40, Pulse(trial, False), prunable)
    return watcher.look() or Outcome(DONE), watcher.values


def outcomes_of(where: Path, killer: Killer) -> list[tuple[Outcome, list[tuple[int, float]]]]:
    """The outcomes of all trials, one after the other, by one worker that may be killed once."""
    study, found = made(where, RATE, steps=40, trials=0), []
    for prunable, values in TRIALS:
        trial = study.engine.ask(engine.distributions(study.definition))
        run = study.run_of(trial.number)
        run.mkdir()
        lines = (json.dumps({"kind": METRIC, "step": step, "value": value}) for step, value in values.items())
        (run / "evaluations.jsonl").write_text("\n".join(lines) + "\n")
        with pytest.MonkeyPatch.context() as patch:
            killer.guard(trial, patch)
            try:
                outcome = ended(study, trial, prunable)
            except KilledError:
                outcome = ended(study, optuna.trial.Trial(study.engine, trial._trial_id), prunable)
        tell(study.engine, trial, *outcome)
        found.append(outcome)
    return found


@pytest.mark.slow
def test_a_kill_at_any_write_to_the_storage_changes_no_outcome(tmp_path: Path) -> None:
    whole = outcomes_of(tmp_path / "whole", Killer(None))
    kinds = [outcome.reason or outcome.kind for outcome, _ in whole]
    assert kinds == [
        *("done", "done", "pruned at generation 10", "pruned at generation 30"),
        *("diverged: the metric is not finite at generation 30", "done", "pruned at generation 30"),
    ]
    for write in range(100):
        killer = Killer(write)
        found = outcomes_of(tmp_path / str(write), killer)
        if not killer.killed:
            break
        assert repr(found) == repr(whole), f"a kill before write {write}"
    assert 20 < write < 99


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("seed", range(20))
def test_it_decides_as_the_pruner_of_optuna(seed: int, direction: str) -> None:
    """Also with ties, values that are not finite, evaluations that are missing, and trials side by side."""
    numbers = random.Random(seed)
    pruners = Halving(2), optuna.pruners.SuccessiveHalvingPruner(min_resource=2, reduction_factor=REDUCTION)
    with engine.quietly():
        ours, theirs = (optuna.create_study(direction=direction, pruner=pruner) for pruner in pruners)
        pairs = [(ours.ask(), theirs.ask()) for _ in range(40)]
        open_trials = dict.fromkeys(range(len(pairs)), 0)
        while open_trials:
            number = numbers.choice(list(open_trials))
            step = open_trials[number] = open_trials[number] + numbers.choice([1, 1, 1, 2, 9])
            value = math.nan if numbers.random() < 0.02 else float(numbers.randrange(30))
            verdicts = []
            for trial in pairs[number]:
                trial.report(value, step)
                verdicts.append(trial.should_prune())
            assert verdicts[0] == verdicts[1]
            assert pairs[number][0].should_prune() == verdicts[0], "asked again, it answers the same"
            if step >= 60 or (verdicts[0] and numbers.random() < 0.9):  # others may be kept in spite of it
                del open_trials[number]


def test_values_at_rungs_of_older_versions_count() -> None:
    with engine.quietly():
        study = optuna.create_study(pruner=Halving(2))
        old, new = study.ask(), study.ask()
        study._storage.set_trial_system_attr(old._trial_id, "completed_rung_0", 1.0)
        new.report(2.0, 2)
        assert new.should_prune()
        old.report(9.0, 3)
        assert not old.should_prune(), "it was judged at this rung"
    assert study.trials[0].state == TrialState.RUNNING
