"""Studies of trials that take a moment: results, pruning, failures, interruptions, reproducibility."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.trial import TrialState

from egan_tf.search import worker
from egan_tf.search.outcome import values_of
from egan_tf.search.study import Study, create_study
from egan_tf.search.table import best_trial, rows, spread_line, table, trial_line
from egan_tf.search.worker import Worker, finished
from egan_tf.utils.checks import InputError, RunError
from tests.search.studies import RATE, TRAINER, definition, made, reopened, work


def results(study: Study) -> list[dict]:
    """What must not depend on interruptions or the clock."""
    return [{name: value for name, value in row.items() if name not in ("seconds", "run")} for row in rows(study)]


def test_a_study_trains_its_trials_and_finds_the_best(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=6)
    lines = work(study)
    assert len(lines) == len(study.trials) == 6
    best = best_trial(study)
    assert best is not None and best.number == 0  # the preset's own rate is 0.001, the optimum
    assert lines[0] == "trial 0: frechet_distance 1.1111 at generation 90; best 1.1111 (trial 0); 1 of 6 trials"
    done = [row for row in rows(study) if row["outcome"] == "done"]
    pruned = [row for row in rows(study) if row["outcome"] == "pruned"]
    assert len(done) + len(pruned) == 6 and pruned
    assert all(row["best"] == pytest.approx(1 + distance(row) + 10 / 90) for row in done)
    assert all(values_of(Path(row["run"]), "frechet_distance")[-1][0] == 90 for row in done)
    assert len(table(study)) == 7


def distance(row: dict) -> float:
    return abs(math.log10(row["settings"]["generator_learning_rate"] / 0.001))


def test_pruning_is_successive_halving(tmp_path: Path) -> None:
    """Beside a plain loop: at a rung, a trial goes on if it is in the best third of all that got there, itself
    included; of fewer than three, if it is the best."""
    study = made(tmp_path, RATE, trials=10)
    work(study)
    reached: dict[int, list[float]] = {10: [], 30: []}
    for row in rows(study):
        expected = 90
        for rung, values in reached.items():
            value = 1 + distance(row) + 10 / rung
            values.append(value)
            if value > sorted(values)[max(len(values) // 3, 1) - 1]:
                expected = rung
                break
        assert (row["trial"], row["generation"]) == (row["trial"], expected)
        assert row["outcome"] == ("done" if expected == 90 else "pruned")


def test_the_own_values_come_to_their_end_also_behind_better_ones(tmp_path: Path) -> None:
    """As where several workers begin at once, so that the search never ends below what it started from."""
    base = definition("generator_learning_rate=choice:0.001|0.002|0.01|0.009")
    config = base.config.replace(optimizer={"generator_learning_rate": 0.01})
    study = create_study(replace(base, config=config), tmp_path / "studies")
    study.limit(4, None)
    for rate in ("0.001", "0.002", "0.01", "0.009"):
        study.engine.enqueue_trial({"generator_learning_rate": rate})
    work(study)
    assert [row["outcome"] for row in rows(study)] == ["done", "pruned", "done", "pruned"]


def test_without_pruning_all_come_to_their_end(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=3, pruning="none", sampler="random")
    work(study)
    assert [row["outcome"] for row in rows(study)] == ["done"] * 3


def test_a_study_of_one_worker_is_reproducible_also_when_it_was_stopped(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole", RATE, "width=choice:8|16", trials=7)
    work(whole)
    parts = made(tmp_path / "parts", RATE, "width=choice:8|16", trials=3)
    for polls in (1, 2, 3, 5, 8, 200):
        left = iter(range(polls))
        work(reopened(parts), stopped=lambda left=left: next(left, None) is None)
    parts.limit(7, None)
    work(reopened(parts))
    assert results(parts) == results(whole)


def test_a_trial_that_diverges_or_fails_ends_the_trial_alone(tmp_path: Path) -> None:
    study = made(tmp_path, "generator_learning_rate=choice:0.001|0.1", "width=choice:1|2|3|4|5|6|8", trials=0)
    for width in ("1", "2", "3", "4", "5", "6", "8"):
        study.engine.enqueue_trial({"generator_learning_rate": "0.001", "width": width})
    study.engine.enqueue_trial({"generator_learning_rate": "0.1", "width": "8"})
    study.limit(8, None)
    lines = work(study)
    assert [row["outcome"] for row in rows(study)] == [
        *("refused", "failed", "failed", "done", "diverged", "failed", "done", "diverged")
    ]
    assert lines[0].startswith("trial 0: refused: width: is 1; 1 of 8")
    assert lines[1].startswith("trial 1: failed: the disk is gone; ")
    assert lines[2].startswith("trial 2: failed: ended by signal 9, 3 times; ")
    assert lines[4].startswith("trial 4: diverged: no child was viable")
    assert lines[5].startswith("trial 5: failed: generation 10: no checkpoint could be written before; ")
    assert lines[7].startswith("trial 7: diverged: the metric is not finite at generation 10; ")
    states = [trial.state for trial in study.trials]
    # The sampler learns that settings diverge, but nothing from a full disk.
    assert states[4] == states[7] == TrialState.PRUNED
    assert states[0] == states[1] == states[2] == states[5] == TrialState.FAIL
    # Trial 3 was killed once: it was resumed, and evaluated no generation twice.
    run = study.run_of(3)
    assert len((run / "starts.jsonl").read_text().splitlines()) == 2
    assert [step for step, _ in values_of(run, "frechet_distance")] == list(range(10, 91, 10))


@pytest.mark.parametrize("rate", ["0.01", "0.1"])
def test_a_trial_that_is_to_end_early_ends_also_if_its_worker_is_killed_first(
    rate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While its process saves a checkpoint and stops; meanwhile that may evaluate again."""

    def queued(where: str) -> Study:
        study = made(tmp_path / where, "generator_learning_rate=choice:0.001|0.01|0.1", trials=2)
        study.engine.enqueue_trial({"generator_learning_rate": rate})
        return study

    whole, cut = queued("whole"), queued("cut")
    work(whole)
    assert [row["outcome"] for row in rows(whole)] == ["done", "pruned" if rate == "0.01" else "diverged"]
    close, killed = worker.TrialProcess.close, [False]

    def kill(self: worker.TrialProcess, meanwhile: Callable[[], None]) -> None:
        close(self, meanwhile)
        if cut.trials[1].state == TrialState.RUNNING and not killed[0]:
            killed[0] = True
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(worker.TrialProcess, "close", kill)
        with pytest.raises(KeyboardInterrupt):
            work(cut)
    assert cut.trials[1].state == TrialState.RUNNING
    with (cut.run_of(1) / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps({"kind": "frechet_distance", "value": 0.1, "step": 20}) + "\n")
    before = len((cut.run_of(1) / "starts.jsonl").read_text().splitlines())
    assert work(reopened(cut)) == [line.replace("whole", "cut") for line in [trial_line(whole, 1)]]
    assert results(cut) == results(whole)
    assert len((cut.run_of(1) / "starts.jsonl").read_text().splitlines()) == before, "it was not trained again"


def test_a_folder_that_is_gone_ends_the_worker_in_one_line(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=2)

    def stopped() -> bool:
        if study.run_of(0).exists():
            shutil.rmtree(study.folder, ignore_errors=True)
        return False

    with pytest.raises(RunError) as error:
        work(study, stopped)
    assert str(study.folder) in str(error.value) and str(error.value).endswith("are kept")


def test_a_study_ends_where_each_setting_has_been_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made(tmp_path, "width=choice:8|16|32", "r1_weight=choice:0|0.1", trials=20)
    assert len(work(study)) == 6
    assert len({tuple(sorted(trial.params.items())) for trial in study.trials}) == 6
    assert capsys.readouterr().err.count("each setting of the space has been tried") == 1
    assert work(reopened(study)) == []


def test_a_budget_of_generations_is_kept(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=0)
    study.limit(0, 300)
    work(study)
    used = sum(row["generation"] for row in rows(study))
    assert used <= 300 < used + 90
    study.limit(0, 400)
    work(study)
    assert sum(row["generation"] for row in rows(study)) <= 400


def test_a_worker_may_only_finish_what_was_begun(tmp_path: Path) -> None:
    study = made(tmp_path, RATE, trials=0)
    left = iter(range(4))
    work(study, stopped=lambda: next(left, None) is None)
    begun = len(study.trials)
    assert not finished(study)
    Worker(study, TRAINER, lambda: False, lambda line: None, new_trials=False).work()
    assert finished(study) and len(study.trials) == begun


def test_a_sweep_trains_every_seed_to_its_end_and_can_grow(tmp_path: Path) -> None:
    study = made(tmp_path, seeds=(0, 1, 2), pruning="none")
    work(study)
    study.enqueue([2, 1, 5])
    work(reopened(study))
    assert [row["settings"] for row in rows(study)] == [{"seed": seed} for seed in (0, 1, 2, 5)]
    assert [study.config_of(trial).evolution.seed for trial in study.trials] == [0, 1, 2, 5]
    assert {row["outcome"] for row in rows(study)} == {"done"}
    # 1 + 10/90 + the mean of 0, 0.01, 0.02 and 0.05; their deviation is 0.0216.
    assert spread_line(study) == "frechet_distance: mean 1.1311, standard deviation 0.0216, of 4 seeds"


def test_every_trial_is_the_folder_of_a_run(tmp_path: Path) -> None:
    from egan_tf.training.config_file import read_config

    study = made(tmp_path, RATE, "width=int:8:16", trials=2)
    work(study)
    for trial in study.trials:
        config = read_config(study.run_of(trial.number))
        assert config == study.config_of(trial)
        assert config.network.width == trial.params["width"]
        assert (config.run.name, config.run.models_dir) == (f"trial-00{trial.number}", str(study.models_dir))


@pytest.mark.parametrize("name", ["a b%20{x}?", "#é"])
def test_a_folder_of_any_name_holds_a_study(name: str, tmp_path: Path) -> None:
    study = made(tmp_path / name, RATE, trials=1)
    work(reopened(study))
    assert len(reopened(study).trials) == 1
    assert (study.folder / "trials.db").is_file()


def test_a_folder_that_is_not_a_study_is_refused(tmp_path: Path) -> None:
    from egan_tf.search.study import open_study

    for text in (None, "{", "[]", '{"format": 9}', '{"format": 1, "sweep": false, "config": {}, "space": {"x": "y"}}'):
        if text is not None:
            (tmp_path / "study.json").write_text(text)
        with pytest.raises(InputError):
            open_study(tmp_path)
    assert not (tmp_path / "trials.db").exists()
