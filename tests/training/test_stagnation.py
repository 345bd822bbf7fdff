"""Runs without a viable child: they roll back once, and what they save, say and record then."""

from __future__ import annotations

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import RunError, Sampler, data
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.training import train as training
from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.run import Run
from egan_tf.utils.json_lines import read_records
from tests.training.short import STEPS, at_generation, folder_of, newest, short


class BreakingMixture(GaussianMixture):
    """Gives samples that overflow the discriminator from a generation on, while the switch is on."""

    def __init__(self, start: int) -> None:
        super().__init__("ring8", np.eye(2), 0.1)
        self.start, self.on = start, tf.Variable(True)

    def batches(self, size: int, seed: int, start: int = 0) -> Any:
        sound = super().batches(size, seed, start)
        return lambda step, count: sound(step, count) * tf.where(self.on & (step >= self.start), 1e38, 1.0)


def breaking(monkeypatch: pytest.MonkeyPatch, start: int) -> BreakingMixture:
    """Makes ring8 a mixture of which no child is viable after `start` generations."""
    broken = BreakingMixture(start)
    monkeypatch.setitem(data.DATASETS, "ring8", data.Kind(lambda argument, data_dir, split: broken))
    return broken


def until_rolled_back(monkeypatch: pytest.MonkeyPatch, broken: BreakingMixture) -> None:
    roll_back = Run._roll_back_once

    def mended(self: Run) -> None:
        broken.on.assign(False)
        roll_back(self)

    monkeypatch.setattr(Run, "_roll_back_once", mended)


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.3)


def test_after_too_many_generations_without_a_viable_child_the_run_rolls_back_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        until_rolled_back(patch, breaking(monkeypatch, 10))
        trained = training.train(short(tmp_path, stagnation_limit=6))
    assert "no child was viable for 6 generations; rolling back to generation 8, once" in capsys.readouterr().err
    assert int(trained.egan.generation) == STEPS
    assert newest(tmp_path).name == f"{STEPS:08d}-r1"
    records = read_records(trained.run / "metrics.jsonl")
    assert [record["generation"] for record in records] == list(range(4, 28, 4)), (
        "generations that were rolled back are not recorded twice"
    )
    assert records[-1]["stagnant_generations"] == 0
    assert {"event": "rolled back", "generation": 16, "to": 8}.items() <= read_records(trained.run / "events.jsonl")[
        1
    ].items()
    # A resumed run remembers that it rolled back.
    again = training.resume(trained.run)
    assert int(again.egan.restarts) == 1


def test_the_second_time_the_run_exits_with_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After as many generations as the limit says, however seldom the run logs."""
    breaking(monkeypatch, 10)
    with pytest.raises(RunError) as error:
        training.train(short(tmp_path, stagnation_limit=5, log_every=2 * STEPS))
    said = str(error.value)
    assert "\n" not in said
    for part in ("generation 15", "5 generations", "rolled back once", "children rejected", "egan-export"):
        assert part in said
    event = read_records(folder_of(tmp_path) / "events.jsonl")[-1]
    assert {"event": "failed", "rolled_back": True}.items() <= event.items()
    egan, _, _ = training.load_run(folder_of(tmp_path))
    assert int(egan.generation) == 8
    for variable in egan.variables:
        if variable.dtype.startswith("float") and "scores" not in variable.path:
            assert np.isfinite(variable.numpy()).all()


@pytest.mark.slow
def test_a_signal_while_the_run_rolls_back_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    until_rolled_back(monkeypatch, breaking(monkeypatch, 10))
    at_generation(monkeypatch, {16: interrupt})
    with pytest.raises(training.StoppedError) as stopped:
        training.train(short(tmp_path, stagnation_limit=6))
    assert (stopped.value.signal, stopped.value.generation, stopped.value.saved) == (signal.SIGTERM, 9, True)
    assert newest(tmp_path).name == "00000009-r1"


@pytest.mark.parametrize(("every", "saved"), [(4, False), pytest.param(5, True, marks=pytest.mark.slow)])
def test_a_run_that_is_stopped_where_no_child_is_viable_says_what_is_saved(
    every: int, saved: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of generation 12: the last good one is 10, and what is saved is what the run would roll back to."""
    breaking(monkeypatch, 10)
    at_generation(monkeypatch, {12: interrupt})
    with pytest.raises(training.StoppedError) as stopped:
        training.train(short(tmp_path, checkpoint_every=every))
    assert (stopped.value.generation, stopped.value.saved) == (12, saved)
    assert newest(tmp_path).name == ("00000010" if saved else "00000008")


def test_the_last_generation_is_saved_also_if_no_child_is_viable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what is exported later is what the run exported."""
    breaking(monkeypatch, 10)
    training.train(short(tmp_path, steps=12))
    assert newest(tmp_path).name == "00000012"
    egan, _, _ = training.load_run(folder_of(tmp_path))
    sampler = Sampler(tmp_path / "models" / "ring8")
    noise = sampler.noise(5, seed=1)
    np.testing.assert_allclose(sampler.sample(5, seed=1), egan.best_generator(noise, training=False), atol=1e-5)


@pytest.mark.slow
def test_a_run_that_had_no_checkpoint_to_roll_back_to_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch, 2)
    monkeypatch.setattr(Checkpoints, "save", full)
    with pytest.raises(RunError, match="no checkpoint could be written before"):
        training.train(short(tmp_path, stagnation_limit=6))
    event = read_records(folder_of(tmp_path) / "events.jsonl")[-1]
    assert {"event": "failed", "rolled_back": False}.items() <= event.items()


def full(*arguments: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
