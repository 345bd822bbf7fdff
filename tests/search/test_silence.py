"""Trials of machines that fell silent: kept where their checkpoints are, begun again elsewhere, and never lost."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from egan_tf.search import again, budget, engine
from egan_tf.search import outcome as outcomes
from egan_tf.search.again import begin_silent_again, lost, queue_again, superseded
from egan_tf.search.study import Study, join_study
from egan_tf.search.table import counted, generations_of, rows, summary
from egan_tf.search.worker import Worker, finished
from tests.search.studies import RATE, TRAINER, made, reopened, work


class KilledError(BaseException):
    pass


def url_of(where: Path) -> str:
    return f"sqlite:///{where}/shared.db"


def fall_silent(where: Path) -> None:
    """As if the last heartbeat of every trial was long ago."""
    with contextlib.closing(sqlite3.connect(where / "shared.db", timeout=30)) as connection:
        connection.execute("UPDATE trial_heartbeats SET heartbeat = '2000-01-01 00:00:00'")
        connection.commit()


def stop_after(study: Study, number: int, evaluations: int) -> None:
    """Works until a trial has so many evaluations, and leaves it."""

    def stopped() -> bool:
        path = study.run_of(number) / "evaluations.jsonl"
        return path.exists() and path.read_text().count("frechet_distance") >= evaluations

    work(study, stopped)


def starts(study: Study, number: int) -> int:
    return (study.run_of(number) / "starts.jsonl").read_text().count("pid")


def outcomes_of(study: Study) -> list[str]:
    return [row["outcome"] for row in rows(study)]


def test_trials_of_a_folder_wait_for_it_however_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers were stopped, and one comes back: also the trial that it does not take first is kept for it."""
    study = made(tmp_path, seeds=(3, 4), url=url_of(tmp_path), pruning="none")
    monkeypatch.setenv("FAKE_SECONDS", "0.3")  # so that they are stopped before their end
    with engine.quietly(), Worker(study, TRAINER, lambda: False, print)._claim() as first:
        assert first is not None
        stop_after(study, 1, 2)
    stop_after(study, 0, 2)
    monkeypatch.setenv("FAKE_SECONDS", "0.002")
    fall_silent(tmp_path)
    work(reopened(study, url_of(tmp_path)))
    assert outcomes_of(study) == ["done", "done"]
    assert [starts(study, number) for number in (0, 1)] == [2, 2], "both were resumed"
    assert summary(study)["generations"] == 180


@pytest.mark.parametrize("killed", ["before it is queued", "after an outcome was written"])
def test_a_silent_trial_is_not_lost_by_a_kill(killed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = made(tmp_path / "here", seeds=(3, 4), url=url_of(tmp_path), pruning="none")
    with engine.quietly(), Worker(here, TRAINER, lambda: False, print)._claim() as silent:
        assert silent is not None
        if killed == "after an outcome was written":
            silent.set_user_attr(outcomes.OUTCOME, outcomes.DONE)
    fall_silent(tmp_path)
    there = join_study("s", url_of(tmp_path), tmp_path / "there")

    def kill(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(optuna.Study, "add_trial", kill)
        work(there)
    assert there.trials[0].state == TrialState.FAIL and outcomes_of(there) == ["to be begun again", "queued"]
    assert counted(there.trials) == 1
    work(there)
    found = [(row["outcome"], row["settings"]["seed"]) for row in rows(there)]
    assert found == [("begun again", 3), ("done", 4), ("done", 3)]
    assert counted(there.trials) == 2 and finished(there)


def test_of_twins_only_the_first_is_trained(tmp_path: Path) -> None:
    """Two machines may find the same lost trial at once."""
    study = made(tmp_path, seeds=(3,), url=url_of(tmp_path), pruning="none")
    with engine.quietly(), Worker(study, TRAINER, lambda: False, print)._claim():
        pass
    fall_silent(tmp_path)
    other = reopened(study, url_of(tmp_path))
    with engine.quietly():
        again.fail_stale_trials(study.engine)
        (seen,) = lost(other.trials)
        begin_silent_again(study.engine)
        queue_again(other.engine, seen)
    work(study)
    assert outcomes_of(study) == ["begun again", "done", "begun again"]
    assert superseded(study.trials) == {0, 2} and counted(study.trials) == 1
    assert not lost(study.trials) and finished(study)


def test_the_generations_of_a_silent_trial_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = made(tmp_path / "here", seeds=(3, 4), url=url_of(tmp_path), pruning="none")
    monkeypatch.setenv("FAKE_SECONDS", "0.3")
    stop_after(here, 0, 3)
    monkeypatch.setenv("FAKE_SECONDS", "0.002")
    reached = max(here.trials[0].intermediate_values)
    fall_silent(tmp_path)
    there = join_study("s", url_of(tmp_path), tmp_path / "there")
    there.limit(None, reached + 179)
    work(there)
    assert rows(there)[0]["generation"] == reached >= 20
    assert generations_of(there.trials, 90) == reached + 90
    assert budget.queued(there) == "seeds 3" and budget.needed(there) == reached + 180


SLOW = """
import signal, sys, time
from pathlib import Path
run, gate = Path(sys.argv[2]), Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: None)
(run / "starts.jsonl").touch()
end = time.monotonic() + 30
while not gate.exists() and time.monotonic() < end:
    time.sleep(0.02)
"""


def test_a_trial_is_alive_while_its_process_takes_long_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As inside a compilation; it stops once its worker has beaten for it."""
    study, gate = made(tmp_path, RATE, url=url_of(tmp_path)), tmp_path / "gate"
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 0)
    asked, beats = [False], [0]

    def stopped() -> bool:
        asked[0] = (study.run_of(0) / "starts.jsonl").exists()
        return asked[0]

    def beat(*_: object) -> None:
        beats[0] += asked[0]
        if beats[0] >= 2:
            gate.touch()

    monkeypatch.setattr(engine, "beat", beat)
    Worker(study, [sys.executable, "-c", SLOW, str(gate)], stopped, print).work()
    assert beats[0] >= 2 and study.trials[0].state == TrialState.RUNNING
