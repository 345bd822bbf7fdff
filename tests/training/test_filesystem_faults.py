"""Full, read-only and vanished folders, concurrent runs, clock jumps, and too little memory."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from egan_tf import InputError, RunError, Sampler, data
from egan_tf.training import train as training
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.config_file import read_config
from egan_tf.training.run import Run
from egan_tf.utils.json_lines import read_records
from tests.training.conftest import remount
from tests.training.short import STEPS, at_generation, done, folder_of, newest, short


def fill(disk: Path) -> None:
    with (disk / "filling").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(512))


def test_a_disk_that_is_full_for_a_while_costs_nothing(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_generation(monkeypatch, {8: lambda: fill(disk), 20: lambda: (disk / "filling").unlink()})
    training.train(short(disk))
    said = capsys.readouterr().err
    assert "No space left" in said
    assert "the run continues" in said
    assert [record["generation"] for record in read_records(folder_of(disk) / "metrics.jsonl")] == list(range(4, 28, 4))
    assert newest(disk).name == f"{STEPS:08d}"
    assert Sampler(disk / "models" / "ring8").sample(3).shape == (3, 2)


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_while_costs_tensorboard_no_scalar(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_generation(monkeypatch, {8: lambda: fill(disk), 20: lambda: (disk / "filling").unlink()})
    training.train(short(disk, tensorboard=True))
    said = [line for line in capsys.readouterr().err.splitlines() if "event files" in line]
    assert len(said) == 2, "once when it fails, once when it works again"
    assert "No space left" in said[0] and "the run continues" in said[0]
    files = list((folder_of(disk) / "tensorboard").iterdir())
    assert len(files) == 2 and all(file.stat().st_size for file in files), "no empty file of each attempt stays"
    shown = EventAccumulator(str(folder_of(disk) / "tensorboard")).Reload()
    assert [event.step for event in shown.Tensors("fitness")] == list(range(4, 28, 4))
    assert newest(disk).name == f"{STEPS:08d}"


def test_a_disk_that_stays_full_harms_no_earlier_checkpoint_and_is_reported_in_one_line(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        at_generation(patch, {12: lambda: fill(disk)})
        with pytest.raises(RunError) as error:
            training.train(short(disk, tensorboard=True))
    assert "\n" not in str(error.value)
    assert "the last checkpoint could not be written" in str(error.value)
    assert newest(disk).name == "00000008"
    assert not (disk / "models" / "ring8").exists()
    (disk / "filling").unlink()
    training.resume(folder_of(disk))
    assert newest(disk).name == f"{STEPS:08d}"
    assert len(read_records(folder_of(disk) / "metrics.jsonl")) == 6


def test_a_run_that_is_changed_while_the_disk_is_full_is_refused_in_one_line(
    whole: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(disk, whole)
    config = read_config(folder_of(disk))
    fill(disk)
    with pytest.raises(RunError, match="001-ring8 cannot be written: .*; free some space") as error:
        training.resume(folder_of(disk), config.replace(run={"steps": STEPS + 4}))
    assert "\n" not in str(error.value)
    (disk / "filling").unlink()
    assert read_config(folder_of(disk)) == config
    with monkeypatch.context() as patch:
        patch.setattr(os, "truncate", lambda *arguments: fail())
        (folder_of(disk) / "metrics.jsonl").open("a").write("more")
        with pytest.raises(RunError, match="001-ring8 cannot be written: Input/output error; free some space"):
            training.resume(folder_of(disk))
    training.resume(folder_of(disk))


def fail() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_folder_that_turns_read_only(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_generation(monkeypatch, {8: lambda: remount(disk, "ro"), 20: lambda: remount(disk, "rw")})
    training.train(short(disk, models_dir=str(tmp_path / "models")))
    assert "Read-only file system" in capsys.readouterr().err
    assert len(read_records(folder_of(disk) / "metrics.jsonl")) == 6
    assert newest(disk).name == f"{STEPS:08d}"


@pytest.mark.slow
def test_a_folder_that_vanishes_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_generation(monkeypatch, {12: lambda: shutil.rmtree(folder_of(tmp_path))})
    training.train(short(tmp_path))
    assert Sampler(tmp_path / "models" / "ring8").sample(3).shape == (3, 2)
    egan, config, _ = training.load_run(folder_of(tmp_path))
    assert (int(egan.generation), config.run.steps) == (STEPS, STEPS)
    assert "was removed" in capsys.readouterr().err
    training.resume(folder_of(tmp_path))


def test_two_runs_of_one_name_at_once(tmp_path: Path) -> None:
    """The run that ends second finds its name in use; it keeps its records, and says how to export under another."""
    config = short(tmp_path)
    keras.backend.clear_session()
    from egan_tf.training.run_folder import create_run_folder

    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(lambda _: create_run_folder(tmp_path / "runs", "ring8", config.to_json()), range(2)))
    assert sorted(folder.name for folder in folders) == ["001-ring8", "002-ring8"]
    training.resume(folders[0])
    other = json.loads((folders[1] / "config.json").read_text())
    other["evolution"]["seed"] = 1
    (folders[1] / "config.json").write_text(json.dumps(other))
    first = (tmp_path / "models" / "ring8" / "generator.onnx").read_bytes()
    run = Run(*built(folders[1]), folders[1])
    with pytest.raises(RunError, match=r"ring8 exists; .*the run is kept: egan-export .* --name OTHER"):
        run.run()
    assert (tmp_path / "models" / "ring8" / "generator.onnx").read_bytes() == first
    egan, _, _ = training.load_run(folders[1])
    assert int(egan.generation) == STEPS


def built(folder: Path) -> tuple[Any, Any, Any, None]:
    config = training.read_config(folder)
    dataset = data.load(config.data.dataset, config.data.data_dir)
    return training.build(config, dataset.shape), config, dataset, None


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = itertools.cycle([0.0, 4e9, -1e9, 1e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    training.train(short(tmp_path, checkpoint_every=0, checkpoint_minutes=0.0))
    seconds = [record["seconds"] for record in read_records(folder_of(tmp_path) / "timings.jsonl")]
    assert seconds == sorted(seconds)
    assert 0 < seconds[-1] < 600
    assert newest(tmp_path).name == f"{STEPS:08d}"
    trained = next(e for e in read_records(folder_of(tmp_path) / "events.jsonl") if e["event"] == "trained")
    assert trained["checkpoints"] >= 2


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MemoryError(), marks=pytest.mark.slow),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"),
    ],
)
def test_too_little_memory_for_a_step_is_one_line(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = MetricsLog.report

    def failing(self: MetricsLog, generation: int, logs: dict[str, Any]) -> None:
        report(self, generation, logs)
        if generation == 12:
            raise error

    monkeypatch.setattr(MetricsLog, "report", failing)
    kept = f"its checkpoints stay in {folder_of(tmp_path)}"
    with pytest.raises(RunError, match=f"^generation 12: a step does not fit into memory; take a smaller .*; {kept}$"):
        training.train(short(tmp_path))


def test_a_run_in_a_folder_that_cannot_be_written_is_refused(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(tmp_path, whole)
    access = os.access

    def denied(path: Any, mode: int, **words: Any) -> bool:
        return str(path) != str(folder_of(tmp_path)) and access(path, mode, **words)

    with monkeypatch.context() as patch:
        patch.setattr(os, "access", denied)
        with pytest.raises(InputError, match="^resume: cannot make or write .*001-ring8"):
            training.resume(folder_of(tmp_path))
    # The folder of new runs does not matter.
    (tmp_path / "elsewhere").write_bytes(b"")
    config = read_config(folder_of(tmp_path)).replace(run={"runs_dir": str(tmp_path / "elsewhere")})
    training.resume(folder_of(tmp_path), config)


def test_the_home_folder_may_be_written_as_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trained = training.train(short(tmp_path, steps=4, sample_every=4, runs_dir="~/r", models_dir="~/m"))
    assert (
        trained is not None and trained.export == tmp_path / "m" / "ring8" and (tmp_path / "r" / "001-ring8").exists()
    )


@pytest.mark.parametrize("name", ["runs_dir", "models_dir"])
def test_a_folder_of_a_user_who_does_not_exist_is_one_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"^{name}: .*is no path"):
        training.check(short(tmp_path, **{name: "~nosuchuser/x"}))
    with pytest.raises(InputError, match="^data_dir: .*is no path"):
        data.load("digits", "~nosuchuser/x")
