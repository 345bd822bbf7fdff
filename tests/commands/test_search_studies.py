"""Studies that `egan-search` makes and resumes: limits, exports, folders, faults; the trials train nothing."""

from __future__ import annotations

import contextlib
import errno
import json
import signal
from pathlib import Path

import pytest

from egan_tf.commands import search
from egan_tf.training import signals
from egan_tf.utils.checks import InputError, RunError
from tests.search.studies import RATE, TRAINER

pytestmark = pytest.mark.usefixtures("_without_a_dry_run", "_faked")


def test_a_study_stops_by_time_is_listed_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--search", RATE, "--steps", "90", "--evaluate-every", "10", "--trials", "3"]
    assert search.main([*flags, "--budget", "0.001s"]) == 0
    folder = Path("studies/001-digits-search")
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"study: {folder}"
    assert printed[-1].endswith(f" --resume {folder}") and printed[-1].startswith("stopped; to resume: ")
    with pytest.raises(RunError, match="nothing was trained"):
        search.main(["--resume"])
    printed = capsys.readouterr().out
    assert printed.splitlines()[1].startswith("trial 0: frechet_distance 1.1111 at generation 90; best 1.1111")
    assert "\nbest: trial 0, frechet_distance 1.1111\n" in printed
    assert (folder / "results.json").is_file()
    assert search.main(["--resume", str(folder), "--list"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 6 and table[0].split()[:3] == ["trial", "outcome", "frechet_distance"]
    for line, says in {
        "--trials 2": "trials: the study has 3 trials; ask for at least as many",
        "--seeds 0-3": "seeds: are those of a sweep; this study is a search",
        "--storage sqlite:///x.db": "storage: the study has its own",
    }.items():
        with pytest.raises(InputError, match=says):
            search.main(["--resume", str(folder), *line.split()])


def test_trials_export_into_their_study_wherever_it_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from egan_tf.commands.train import read_command_line
    from egan_tf.search import process

    flags = ["--search", RATE, "--steps", "90", "--evaluate-every", "10", "--trials", "2"]
    search.main([*flags, "--budget", "0.001s"])
    made, moved, elsewhere = tmp_path / "studies", tmp_path / "moved", tmp_path / "elsewhere"
    elsewhere.mkdir()
    made.rename(moved)
    monkeypatch.chdir(elsewhere)
    asked: list[list[str]] = []
    monkeypatch.setattr(process, "python_command", lambda _, *arguments: asked.append([*arguments]) or TRAINER)
    with pytest.raises(RunError, match="nothing was trained"):
        search.main(["--resume", "../moved/001-digits-search", "--data-dir", "d"])
    trial, run = asked[0], moved / "001-digits-search" / "runs" / "trial-000"
    config = read_command_line([*trial, str(run)]).config
    assert config.run.models_dir == str(elsewhere / "../moved/001-digits-search/models") and config.data.data_dir == "d"
    recorded = json.loads((run / "config.json").read_text())["run"]
    assert Path(recorded["models_dir"]).is_absolute() and Path(recorded["runs_dir"]).is_absolute()


def test_an_export_that_fails_keeps_the_record_of_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from egan_tf.search import winner

    record = {"trial": 0, "generation": 90, "card_sha256": "0" * 64, "model": "saved_models/digits-search"}
    asked: list[tuple] = []
    with monkeypatch.context() as patch:
        patch.setattr(winner, "export_winner", lambda study, command, *how: asked.append(how) or record)
        search.main(["--search", RATE, "--steps", "90", "--evaluate-every", "10", "--trials", "1"])
        search.main(["--resume", "--name", "other", "--overwrite"])
    assert asked == [(None, False), ("other", True)]
    results = Path("studies/001-digits-search/results.json")
    for _ in range(2):
        with pytest.raises(RunError, match="nothing was trained"):
            search.main(["--resume"])
        assert json.loads(results.read_text())["export"] == record
    assert "model: " not in capsys.readouterr().out.rpartition("study: ")[2]


def test_a_disk_that_is_full_ends_the_study_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from egan_tf.search import study, worker

    flags = ["--search", RATE, "--steps", "90", "--evaluate-every", "10", "--trials", "2"]

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "a.file")

    search.main([*flags, "--budget", "0.001s"])
    says = (
        r"^a.file cannot be read or written: No space left on device; the trials of studies/001-digits-search are kept$"
    )
    for module, name in (
        (worker, "_make_run"),
        (worker, "TrialProcess"),
        (study.Study, "trial_lock"),
        (study, "write_results"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(RunError, match=says):
                search.main(["--resume"])


def test_a_sweep_stops_by_its_budget_and_says_what_is_queued(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--seeds", "0-4", "--steps", "90", "--evaluate-every", "10"]
    with pytest.raises(RunError, match="nothing was trained"):
        search.main([*flags, "--budget", "200"])
    printed = capsys.readouterr().out.splitlines()
    folder = Path("studies/001-digits-seeds")
    assert "queued: seeds 2-4" in printed
    assert printed[-1].startswith("stopped by the budget; to resume: ")
    assert printed[-1].endswith(f" --resume {folder} --budget 450")
    before = (folder / "trials.db").read_bytes()
    with pytest.raises(InputError, match="^budget: of 269 generations the trials take 180, .* queued: seeds 2-4$"):
        search.main(["--resume", "--budget", "269", "--seeds", "0-9"])
    assert (folder / "trials.db").read_bytes() == before
    with pytest.raises(RunError, match="nothing was trained"):
        search.main(["--resume", "--budget", "450"])
    assert "queued" not in capsys.readouterr().out


def test_a_signal_is_not_taken_for_the_end_of_the_budget(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(contextlib.nullcontext):
        """Ctrl-C as soon as a trial is begun, which takes all that the budget has."""

        @property
        def received(self) -> int | None:
            return signal.SIGINT if any(Path("studies").glob("*/runs/*")) else None

    monkeypatch.setattr(signals, "Signals", lambda: Interrupted(Interrupted()))
    monkeypatch.setenv("FAKE_SECONDS", "0.3")
    flags = ["--seeds", "0-4", "--steps", "90", "--evaluate-every", "10", "--budget", "100"]
    assert search.main(flags) == 128 + signal.SIGINT
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("stopped; to resume: ") and last.endswith(" --resume studies/001-digits-seeds")


def test_a_study_is_resumed_after_a_fault_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = tmp_path / "fault.json"
    monkeypatch.setenv("FAKE_FAULT", str(fault))
    fault.write_text(json.dumps({"status": 2, "says": "dataset: no folder x", "at": 10}))
    with pytest.raises(RunError, match=r"^5 trials in a row .*: dataset: no folder x; mend that, and --resume tries"):
        search.main(["--seeds", "0-6", "--steps", "90", "--evaluate-every", "10"])
    printed = capsys.readouterr().out.splitlines()
    assert "failed: trials 0 1 2 3 4; --resume tries them again" in printed
    assert "queued: seeds 5-6" in printed and printed[-1].startswith("stopped; to resume: ")
    fault.unlink()
    assert search.main(["--resume", "--list"]) == 0
    assert "failed: trials 0 1 2 3 4; --resume tries them again" in capsys.readouterr().out
    with pytest.raises(RunError, match="nothing was trained"):
        search.main(["--resume"])
    printed = capsys.readouterr().out
    assert "of 7 seeds" in printed and "failed: " not in printed
