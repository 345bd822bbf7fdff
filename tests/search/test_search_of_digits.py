"""Searches that train, through the command line: two workers, a kill, an interrupt, a winner that can be sampled."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.test_signals import listening

ROOT = Path(__file__).parents[2]
SHORT = "--preset digits --width 8 --latent-size 6 --steps 80 --log-every 20 --sample-every 40 --evaluate-every 10"
SHORT += " --evaluation-samples 200 --extractor pixels --metrics frechet_distance --formats onnx --checkpoint-every 10"
FOLDER = "studies/001-digits-search"


def start(where: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "egan_tf.commands.search", *arguments],
        cwd=where,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=listening,
    )


def succeed(where: Path, *arguments: str, status: int = 0) -> str:
    out, err = (process := start(where, *arguments)).communicate(timeout=1800)
    assert process.returncode == status, out + err
    assert "Traceback" not in err and "Warning" not in err
    return out


def wait_until(happens, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if happens():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def evaluated(where: Path, trial: int) -> bool:
    path = where / FOLDER / "runs" / f"trial-{trial:03d}" / "evaluations.jsonl"
    return path.exists() and path.stat().st_size > 0


@pytest.mark.slow
def test_two_workers_one_killed_an_interrupt_and_a_winner(tmp_path: Path) -> None:
    killed = start(tmp_path, *SHORT.split(), "--trials", "4")
    wait_until(lambda: evaluated(tmp_path, 0), killed)
    other = start(tmp_path, "--resume")
    wait_until(lambda: evaluated(tmp_path, 1), other)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    out, err = other.communicate(timeout=1800)
    assert other.returncode == 0, out + err
    assert "Traceback" not in err and "Warning" not in err and "optuna" not in err.lower()

    # All trials are accounted for, and the best one is exported and compared.
    results = json.loads((tmp_path / FOLDER / "results.json").read_text())
    assert [row["trial"] for row in results["trials"]] == [0, 1, 2, 3]
    assert {row["outcome"] for row in results["trials"]} <= {"done", "pruned"}
    values = [row["best"] for row in results["trials"]]
    winner = results["trials"][results["best"]]
    assert winner["best"] <= statistics.median(values)
    assert f"best: trial {winner['trial']}, frechet_distance " in out
    card = json.loads((tmp_path / "saved_models" / "digits-search" / "card.json").read_text())
    assert card["steps"] == winner["best_at"] == results["export"]["generation"]
    assert (tmp_path / FOLDER / "comparison.html").stat().st_size > 10_000
    assert len(list((tmp_path / FOLDER / "runs").iterdir())) == 4

    # Another study does not overwrite the winner, and a finished one has nothing left to train.
    refusal = start(tmp_path, *SHORT.split(), "--trials", "1")
    assert "digits-search exists" in refusal.communicate()[1] and refusal.returncode == 2
    assert len(list((tmp_path / "studies").iterdir())) == 1
    model = (tmp_path / "saved_models" / "digits-search" / "card.json").read_bytes()
    succeed(tmp_path, "--resume")
    assert (tmp_path / "saved_models" / "digits-search" / "card.json").read_bytes() == model

    # Ctrl-C leaves a usable study.
    more = start(tmp_path, "--resume", FOLDER, "--trials", "6")
    # The first checkpoint comes before the first generation, which has to be traced.
    wait_until(lambda: any((tmp_path / FOLDER / "runs" / "trial-004" / "checkpoints").glob("*")), more)
    more.send_signal(signal.SIGINT)
    out, err = more.communicate(timeout=300)
    assert more.returncode == 130 and "Traceback" not in err
    assert out.splitlines()[-1].endswith(f"--resume {FOLDER}")
    assert succeed(tmp_path, "--resume", FOLDER, "--list").splitlines()[5].split()[1] == "unfinished"
    succeed(tmp_path, "--resume", FOLDER)
    results = json.loads((tmp_path / FOLDER / "results.json").read_text())
    assert len(results["trials"]) == 6
    assert results["export"]["trial"] == results["best"]
    # A trial is an ordinary run.
    train = [sys.executable, str(ROOT / "train_tf.py"), "--resume", f"{FOLDER}/runs/trial-000", "--steps", "90"]
    done = subprocess.run(train, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_sweep_over_seeds_and_refusals_of_training(tmp_path: Path) -> None:
    out = succeed(tmp_path, *SHORT.split(), "--steps", "40", "--seeds", "0-1")
    assert "frechet_distance: mean " in out and "of 2 seeds" in out
    runs = tmp_path / "studies" / "001-digits-seeds" / "runs"
    seeds = [json.loads((run / "config.json").read_text())["evolution"]["seed"] for run in sorted(runs.iterdir())]
    assert seeds == [0, 1]
    # What only a dry run finds is found before a study is made; what depends on the trial ends the trial.
    refused = start(tmp_path, *SHORT.split(), "--dataset", "ring8", "--network", "mlp")
    assert refused.communicate()[1].startswith("python -m egan_tf.commands.search: error: metrics: ")
    assert refused.returncode == 2
    out = succeed(
        *(tmp_path, *SHORT.split(), "--steps", "20", "--trials", "2", "--seed", "3", "--sampler", "random"),
        *("--search", "discriminator_loss=choice:logistic|wasserstein"),
        status=0,
    )
    outcomes = json.loads((tmp_path / "studies" / "002-digits-search" / "results.json").read_text())["trials"]
    assert outcomes[0]["outcome"] == "done"
    assert {row["outcome"] for row in outcomes if row["settings"]["discriminator_loss"] == "wasserstein"} <= {"refused"}
