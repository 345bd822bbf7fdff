"""Budgets of generations: what is too small is refused before anything is written, and what is left queued is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState

from egan_tf.search import budget
from egan_tf.search.seeds import format_seeds, parse_seeds
from egan_tf.search.worker import Worker, finished
from egan_tf.utils.checks import InputError
from tests.search.studies import RATE, TRAINER, definition, made, work


@pytest.mark.parametrize("text", ["", "3", "0-4", "0-4 7", "1 3 5-6 9", "9007199254740990-9007199254740991"])
def test_seeds_are_written_as_they_are_read(text: str) -> None:
    assert format_seeds(parse_seeds(text.split())) == text


def test_a_budget_holds_one_trial() -> None:
    budget.check_new(definition(RATE), None)
    budget.check_new(definition(RATE), 90)
    with pytest.raises(InputError, match=r"^budget: 89 generations are fewer than a trial has, 90; ask for more"):
        budget.check_new(definition(RATE), 89)
    with pytest.raises(InputError, match=r"^budget: cannot count generations where steps is searched"):
        budget.check_new(definition("steps=int:10:90"), 900)


def test_a_sweep_that_its_budget_stops_is_not_finished(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path, seeds=(0, 1, 2, 3, 7), pruning="none")
    study.limit(None, 200)
    worker = Worker(study, TRAINER, lambda: False, lambda line: None)
    assert not worker.work()
    assert not finished(study)
    said = "of 200 generations the trials take 180, and another needs 90; ask for at least 270; queued: seeds 2-3 7"
    assert capsys.readouterr().err.count(f"the budget is spent: {said}") == 1
    assert (budget.queued(study), budget.needed(study)) == ("seeds 2-3 7", 450)
    with pytest.raises(InputError) as refused:
        budget.check_resumed(study, 200)
    assert str(refused.value) == f"budget: {said}"
    budget.check_resumed(study, 270)
    study.limit(None, 450)
    assert worker.work()
    assert finished(study)
    assert (budget.queued(study), budget.needed(study)) == ("", 0)


def test_a_search_whose_budget_is_spent_is_finished(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=0, pruning="none")
    study.limit(0, 100)
    assert Worker(study, TRAINER, lambda: False, lambda line: None).work()
    assert len(study.trials) == 1 and budget.queued(study) == ""
    with pytest.raises(InputError, match=r"^budget: of 100 generations the trials take 90, and another needs 90; ask"):
        budget.check_resumed(study, 100)
    budget.check_resumed(study, 180)


def test_a_trial_that_was_begun_may_be_finished_within_any_budget(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=0)
    left = iter(range(4))
    work(study, stopped=lambda: next(left, None) is None)
    assert study.trials[-1].state == TrialState.RUNNING
    budget.check_resumed(study, 10)
