"""Trials that fail by a fault of the machine are tried again on `--resume`, from where they were; refused ones not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from egan_tf.search.again import FOLDER, continued, queue_again, run_number, to_try_again
from egan_tf.search.engine import quietly
from egan_tf.search.outcome import FAILED, OUTCOME, REFUSED, outcome_of, values_of
from egan_tf.search.study import Study, join_study
from egan_tf.search.table import counted, generations_of, ranked_runs, rows, trial_line
from egan_tf.search.worker import MAX_FAILURES, Worker, finished
from egan_tf.training.config_file import read_config
from tests.search.studies import RATE, TRAINER, definition, made, reopened, work

FULL = {"status": 1, "says": "the disk is full", "at": 40}
NO_DATA = {"status": 2, "says": "dataset: no folder my_pictures", "at": 10}


@pytest.fixture
def fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that describes the fault of all trials."""
    file = tmp_path / "fault.json"
    monkeypatch.setenv("FAKE_FAULT", str(file))
    return file


def outcomes_of(study: Study) -> list[str]:
    return [row["outcome"] for row in rows(study)]


def steps_of(study: Study, number: int) -> list[int]:
    text = (study.run_of(number) / "evaluations.jsonl").read_text()
    return [record["step"] for record in map(json.loads, text.splitlines()) if record["kind"] == "frechet_distance"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_failed_trial_goes_on_from_where_it_was(shared: bool, fault: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db" if shared else ""
    study = made(tmp_path, seeds=(3, 4), pruning="none", url=url)
    fault.write_text(json.dumps(FULL))
    work(study)
    assert outcomes_of(study) == ["failed", "failed"] and generations_of(study.trials, 90) == 60
    fault.unlink()
    work(reopened(study, url))
    assert len(study.trials) == 2, "only who resumes a study tries again"
    study.try_again()
    assert outcomes_of(study) == ["failed", "failed", "queued", "queued"] and counted(study.trials) == 2
    study.try_again()
    assert len(study.trials) == 4, "they are queued once"
    work(reopened(study, url))
    assert outcomes_of(study) == ["failed", "failed", "done", "done"]
    assert trial_line(study, 3).endswith("; 2 of 2 trials"), "what was begun again does not count twice"
    assert [row["settings"]["seed"] for row in rows(study)] == [3, 4, 3, 4]
    for before, after in ((0, 2), (1, 3)):
        assert study.run_of(before) == study.run_of(after)
        assert steps_of(study, after) == list(range(10, 91, 10)), "no generation is trained twice"
        assert read_config(study.run_of(after)) == study.config_of(study.trials[after])
    assert counted(study.trials) == 2 and generations_of(study.trials, 90) == 180
    assert len(rows(study)) == 4 and continued(study.trials) == {0, 1}


def test_the_settings_fault_is_final(fault: Path, tmp_path: Path) -> None:
    study = made(tmp_path, "width=choice:1|8", trials=2)
    work(study)
    assert sorted(outcomes_of(study)) == ["done", "refused"]
    study.try_again()
    assert len(study.trials) == 2


REASONS = {
    "dataset: no folder x": FAILED,
    "data_dir: x cannot be written (No space left on device); choose another data_dir": FAILED,
    "resume: x is being trained by another process; wait for it, or stop it": FAILED,
    "run: none of its checkpoints can be read": FAILED,
    "batch_size: is more than the data": FAILED,
    "width: must be at least 4": REFUSED,
    "mutations: wasserstein needs another loss": REFUSED,
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_refusal_is_final_where_it_names_what_the_trial_chose(reason: str, tmp_path: Path) -> None:
    def kind(*space: str, sweep: bool = False) -> str:
        blamed = definition(*space, sweep=sweep).blamed
        return outcome_of(2, [], tmp_path, f"egan-train: error: {reason}", blamed).kind

    assert kind(RATE) == REASONS[reason]
    assert kind(sweep=True) == FAILED, "the settings of a sweep were checked"
    if reason.startswith("batch_size"):
        assert kind("batch_size=int:8:64") == REFUSED


def test_a_trial_that_fails_again_and_again_is_left_unless_its_seed_is_named(fault: Path, tmp_path: Path) -> None:
    study = made(tmp_path, seeds=(3, 4), pruning="none")
    fault.write_text(json.dumps(FULL))
    for tries in (1, 2, 3):
        work(study)
        assert len(study.trials) == 2 * tries and bool(to_try_again(study.trials)) == (tries < 3)
        study.try_again()
    assert finished(study) and counted(study.trials) == 2
    fault.unlink()
    study.try_again([4])
    work(study)
    assert outcomes_of(study) == ["failed"] * 6 + ["done"]
    assert rows(study)[6]["settings"] == {"seed": 4} and study.run_of(6) == study.run_of(1)
    assert [values_of(run, "frechet_distance")[-1][0] for run in ranked_runs_of(study)] == [90, 30]


def ranked_runs_of(study: Study) -> list[Path]:
    """The runs that a comparison shows, which needs a file that the trials here do not write."""
    for number in range(len(study.trials)):
        (study.run_of(number) / "metrics.jsonl").touch()
    return ranked_runs(study)


def test_another_machine_tries_again_from_the_start(fault: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    here = made(tmp_path / "here", seeds=(3,), pruning="none", url=url)
    fault.write_text(json.dumps(FULL))
    work(here)
    fault.unlink()
    there = join_study("s", url, tmp_path / "there")
    there.try_again()
    work(there)
    assert outcomes_of(there) == ["failed", "done"]
    assert run_number(there.trials, 1) == 1 and not continued(there.trials)
    assert there.trials[1].user_attrs[FOLDER] == there.identity
    assert generations_of(there.trials, 90) == 30 + 90


def test_faults_at_the_start_of_all_trials_end_the_work(fault: Path, tmp_path: Path) -> None:
    """As where the disk of the data is not there: a search by a budget of generations would never end."""
    study = made(tmp_path, RATE, trials=0)
    study.limit(0, 300)
    fault.write_text(json.dumps(NO_DATA))
    worker = Worker(study, TRAINER, lambda: False, lambda line: None)
    assert not worker.work()
    assert outcomes_of(study) == ["failed"] * MAX_FAILURES
    assert worker.fault == "5 trials in a row failed at their start, the last one by: dataset: no folder my_pictures"
    fault.unlink()
    study.try_again()
    work(study)
    assert set(outcomes_of(study)[MAX_FAILURES:]) <= {"done", "pruned"}


def test_a_trial_that_ended_otherwise_is_not_gone_on_with(tmp_path: Path) -> None:
    study = made(tmp_path, seeds=(3,), pruning="none")
    work(study)
    with quietly():
        queue_again(study.engine, study.trials[0])
    assert study.trials[0].user_attrs[OUTCOME] == "done" and run_number(study.trials, 1) == 1
