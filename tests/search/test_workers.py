"""Several workers on one study, of one machine and of two, and what is left when one is killed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from egan_tf.search import engine
from egan_tf.search import outcome as outcomes
from egan_tf.search import study as study_module
from egan_tf.search.again import FOLDER
from egan_tf.search.outcome import values_of
from egan_tf.search.study import HOST, Study, create_study, join_study, open_study
from egan_tf.search.table import counted, rows
from egan_tf.search.worker import Worker
from egan_tf.utils.checks import InputError
from egan_tf.utils.locks import LocksUnsupportedError
from tests.search.studies import RATE, TRAINER, definition, made, reopened, started_worker, work


def wait_until(happens, what: str) -> None:
    for _ in range(1200):
        if happens():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen")


def starts(study: Study, number: int) -> list[int]:
    path = study.run_of(number) / "starts.jsonl"
    return [json.loads(line)["pid"] for line in path.read_text().splitlines()] if path.exists() else []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_two_workers_share_a_study_and_one_is_killed_in_the_middle(tmp_path: Path) -> None:
    # Without pruning, so that neither trial ends before its worker is killed.
    study, gate = made(tmp_path, RATE, trials=5, pruning="none"), tmp_path / "gate"
    with started_worker(study, gate=gate) as killed, started_worker(study, gate=gate) as other:
        wait_until(lambda: all(values_of(study.run_of(n), "frechet_distance") for n in (0, 1)), "training")
        (first,) = (n for n in (0, 1) if _worker_of(starts(study, n)[0]) == killed.pid)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        orphan = starts(study, first)[-1]
        wait_until(lambda: not is_running(orphan), "the end of the killed worker's trial")
        gate.touch()
        assert other.wait(timeout=120) == 0
        printed = other.communicate()[0]
    assert len(study.trials) == 5
    assert {row["outcome"] for row in rows(study)} == {"done"}
    # The other worker resumed the trial where its records ended.
    assert len(starts(study, first)) == 2
    steps = [json.loads(line)["step"] for line in (study.run_of(first) / "evaluations.jsonl").read_text().splitlines()]
    assert steps == sorted(steps) and len(set(steps)) * 2 == len(steps)
    assert f"trial {first}: " in printed
    assert work(reopened(study)) == []


def _worker_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]) if is_running(pid) else -1


def test_a_trial_that_a_worker_holds_is_left_alone(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=2)
    holder = Worker(study, TRAINER, lambda: False, print)
    with holder._claim() as held:
        assert held is not None and held.number == 0
        other = Worker(reopened(study), TRAINER, lambda: False, print)
        with other._claim() as mine:
            assert mine is not None and mine.number == 1
            with other._claim() as none:
                assert none is None
    # Both were let go without a result: they are found again, in order.
    assert [line.partition(":")[0] for line in work(study)] == ["trial 0", "trial 1"]


def heartbeats(database: Path) -> int:
    """How many trials have sent a heartbeat."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM trial_heartbeats").fetchone()[0])


def test_machines_without_a_common_folder_take_over_trials_of_silent_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(engine, "STALE_SECONDS", 2)
    here = made(tmp_path / "here", RATE, trials=3, url=url)
    with started_worker(here, url, gate=tmp_path / "never") as dead:
        wait_until(lambda: starts(here, 0), "training")
        wait_until(lambda: heartbeats(tmp_path / "shared.db") > 0, "a heartbeat")
        dead.kill()
    there = join_study("s", url, tmp_path / "there")
    assert there.definition == here.definition and there.identity != here.identity
    work(there)
    found = rows(there)
    assert [row["outcome"] for row in found].count("begun again") == 1
    assert counted(there.trials) == 3 and len(found) == 4
    assert {row["outcome"] for row in found[1:]} <= {"done", "pruned"}
    # The trial went on with the same settings in the other folder.
    assert found[0]["settings"] in [row["settings"] for row in found[1:]]
    assert {trial.user_attrs[FOLDER] for trial in there.trials[1:]} == {there.identity}
    assert work(open_study(here.folder)) == []


class KilledError(BaseException):
    pass


CALLS = {
    "before its first heartbeat": (engine, "beat"),
    "before it has a folder": (Study, "trial_lock"),
    "before it is trained": (Worker, "_train"),
}


@pytest.mark.parametrize("killed", CALLS)
def test_a_trial_whose_worker_is_killed_at_its_start_is_begun_again_elsewhere(
    killed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    monkeypatch.setattr(engine, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(engine, "STALE_SECONDS", 1)
    here = made(tmp_path / "here", seeds=(3, 4), url=url, pruning="none")

    def kill(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(*CALLS[killed], kill)
        work(here)
    there, end = join_study("s", url, tmp_path / "there"), time.monotonic() + 60
    work(there, stopped=lambda: time.monotonic() > end)
    found = rows(there)
    assert [(row["outcome"], row["settings"].get("seed")) for row in found] == [
        *(("begun again", 3), ("done", 4), ("done", 3))
    ]
    assert counted(there.trials) == 2


def test_a_trial_that_is_begun_again_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither interruptions nor rungs of the one before count for it."""
    url = f"sqlite:///{tmp_path}/shared.db"
    monkeypatch.setattr(engine, "STALE_SECONDS", 1)
    here = made(tmp_path / "here", "generator_learning_rate=choice:0.001|0.01", trials=2, url=url)
    with engine.quietly():
        here.engine.enqueue_trial({"generator_learning_rate": "0.01"})
        here.engine.tell(here.engine.ask(engine.distributions(here.definition)), 1.0)
        lost = here.engine.ask(engine.distributions(here.definition))
        engine.beat(here.engine, lost._trial_id)
        lost.set_user_attr(FOLDER, here.identity)
        lost.report(1.0, 10)
        assert not lost.should_prune()
        for name in (outcomes.INTERRUPTIONS, outcomes.SECONDS, outcomes.OUTCOME, outcomes.DECISION):
            lost.set_user_attr(name, {"kind": "pruned"})
    time.sleep(2.5)  # the storage counts whole seconds
    there = join_study("s", url, tmp_path / "there")
    with engine.quietly(), Worker(there, TRAINER, lambda: False, print)._claim() as again:
        assert again is not None and again.params == lost.params
        assert set(again.user_attrs) == {FOLDER, HOST} and again.user_attrs[FOLDER] == there.identity
        assert set(there.trials[again.number].system_attrs) <= {"fixed_params", "retry_history"}
    assert counted(there.trials) == 2


def test_a_storage_keeps_its_studies(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    made(tmp_path, RATE, url=url)
    with pytest.raises(InputError, match="name: the storage has a study s; "):
        create_study(definition(RATE), tmp_path / "studies", url)
    with pytest.raises(InputError, match="resume: other is neither"):
        join_study("other", url, tmp_path / "studies")
    assert [path.name for path in (tmp_path / "studies").iterdir()] == ["001-s"]


@pytest.mark.parametrize("fault", ["no folder", "no locks"])
def test_a_study_whose_folder_cannot_be_made_is_not_in_the_storage(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, studies = f"sqlite:///{tmp_path}/shared.db", tmp_path / "file"

    def unsupported(*_: object, **__: object) -> None:
        raise LocksUnsupportedError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch, pytest.raises(InputError, match="studies_dir: "):
        if fault == "no folder":
            studies.write_text("")
        else:
            patch.setattr(study_module, "path_lock", unsupported)
        create_study(definition(RATE), studies, url)
    assert create_study(definition(RATE), tmp_path / "studies", url).name == "s"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://user:secret@localhost/db",
        "postgresql://user:p@ss:secret@localhost/db",
        "postgresql://user:p@ss/secret@localhost:port/db",
        "sqlite:////nowhere/at/all.db",
    ],
)
def test_a_storage_that_cannot_be_opened_is_refused_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        create_study(definition(RATE), tmp_path / "studies", url)
    assert str(refused.value).startswith("storage: it ")
    assert "secret" not in str(refused.value) and "\n" not in str(refused.value)
    assert not (tmp_path / "studies").exists()


def test_a_study_with_its_own_storage_takes_no_other(tmp_path: Path) -> None:
    study = made(tmp_path, RATE)
    with pytest.raises(InputError, match="storage: the study has its own"):
        open_study(study.folder, f"sqlite:///{tmp_path}/other.db")


def test_a_study_that_lost_its_trials_gives_their_runs_to_no_others(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=2)
    work(study)
    (study.folder / "trials.db").unlink()
    with pytest.raises(InputError, match=r"^storage: .*/runs holds trials, and .*/trials.db none; restore that file"):
        open_study(study.folder)
