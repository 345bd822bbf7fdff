"""Devices and strategies of a run: what is refused, and several processes that train one model."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError
from egan_tf.training import train as training
from egan_tf.training.config_groups import RunConfig
from egan_tf.training.devices import CLUSTER, replicas_of, strategy_of
from egan_tf.training.devices import _strategy as strategies
from egan_tf.training.workers import Workers
from egan_tf.utils.json_lines import read_records

ROOT = Path(__file__).parents[2]
LIMIT = 1e-5
FLAGS = (
    *("--preset", "ring8", "--batch-size", "16", "--width", "8", "--mutations", "heuristic", "--log-every", "4"),
    *("--checkpoint-every", "4", "--steps-per-execution", "1", "--metrics", "--formats", "onnx", "--sample-every", "8"),
    *("--tournaments", "always"),
)


@pytest.mark.parametrize(
    ("settings", "cluster", "said"),
    [
        ({"devices": ("CPU:0", "TPU:1")}, "", "devices: must be auto, 1, all or names such as GPU:0 GPU:1"),
        ({"devices": ("all", "GPU:0")}, "", "devices: must be auto"),
        ({"devices": ("CPU:0", "CPU:0")}, "", "devices: names one twice"),
        ({"devices": ("CPU:0", "GPU:0")}, "", "devices: must be of one kind"),
        ({"devices": ("GPU:99",)}, "", "devices: GPU:99 does not exist"),
        ({"devices": ("CPU:0", "CPU:1"), "strategy": "one"}, "", "devices: must be a single one"),
        ({"strategy": "multiworker"}, "", "strategy: multiworker needs TF_CONFIG"),
        ({}, "{", "TF_CONFIG: must be"),
        ({}, '{"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 2}}', "TF_CONFIG: must be"),
        ({}, '{"cluster": {"worker": "localhost:1"}, "task": {"type": "worker", "index": 0}}', "TF_CONFIG: must be"),
        ({}, '{"cluster": {"worker": [1, 2]}, "task": {"type": "worker", "index": 0}}', "TF_CONFIG: must be"),
        ({}, '{"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}', "TF_CONFIG: must be"),
        (
            {"devices": ("CPU:0", "CPU:1"), "strategy": "multiworker"},
            '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}',
            "devices: cannot be named for several machines",
        ),
    ],
)
def test_devices_that_there_are_not_are_refused(
    settings: dict[str, object], cluster: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CLUSTER, cluster)
    with pytest.raises(InputError) as error:
        strategy_of(RunConfig(**settings))
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


def test_all_devices_are_not_one_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(strategy_of(RunConfig(devices=("all",), strategy="one")), tf.distribute.OneDeviceStrategy)
    strategies.cache_clear()
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["one", "two"] if kind == "GPU" else [])
    with pytest.raises(InputError, match="^devices: must be a single one with the strategy one; all are 2$"):
        strategy_of(RunConfig(devices=("all",), strategy="one"))


def test_by_default_there_is_no_strategy() -> None:
    assert strategy_of(RunConfig()) is None
    assert replicas_of(None) == 1
    assert Workers().is_chief and Workers().largest([3, 0]) == [3, 0]


def test_a_named_device_is_used_and_a_second_call_gives_the_same_strategy() -> None:
    strategy = strategy_of(RunConfig(devices=("CPU:0",)))
    assert isinstance(strategy, tf.distribute.OneDeviceStrategy)
    assert strategy is strategy_of(RunConfig(devices=("CPU:0",)))


@pytest.mark.parametrize(
    ("events", "expected"),
    [(None, None), ([], None), ([{"event": "started"}], 1), ([{"replicas": 2}, {"replicas": 4}, {"x": 1}], 4)],
)
def test_a_run_without_any_event_had_no_other_number_of_replicas(
    events: list[dict[str, Any]] | None, expected: int | None, tmp_path: Path
) -> None:
    """It was killed before it could record one; older versions recorded events without that number."""
    path = tmp_path / "events.jsonl"
    if events is not None:
        path.write_text("".join(json.dumps(event) + "\n" for event in events))
    assert training._recorded_replicas(path) == expected


# -- two processes ---------------------------------------------------------------------------------------------------


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def start_workers(where: Path, *flags: str) -> list[subprocess.Popen[str]]:
    hosts = [f"127.0.0.1:{port}" for port in free_ports(2)]
    return [
        subprocess.Popen(
            [sys.executable, str(ROOT / "train_tf.py"), *flags],
            cwd=where,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                CLUSTER: json.dumps({"cluster": {"worker": hosts}, "task": {"type": "worker", "index": rank}}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def ended(processes: list[subprocess.Popen[str]], timeout: float = 300.0) -> list[tuple[int, str, str]]:
    try:
        said = [process.communicate(timeout=timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *lines) for process, lines in zip(processes, said, strict=True)]


def last_state(where: Path) -> dict[str, np.ndarray]:
    """The variables in the newest checkpoint."""
    reader = tf.train.load_checkpoint(str(max((where / "runs" / "001-ring8" / "checkpoints").iterdir()) / "state"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if "OBJECT" not in name}


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)


def test_two_workers_train_what_one_process_trains_and_the_chief_alone_writes(tmp_path: Path) -> None:
    flags = (*FLAGS, "--steps", "8")
    one = tmp_path / "one"
    one.mkdir()
    processes = start_workers(tmp_path, *flags)
    alone = subprocess.run(
        [sys.executable, str(ROOT / "train_tf.py"), *flags], cwd=one, capture_output=True, check=False
    )
    (chief, out, error), (worker, said, _) = ended(processes)
    assert (chief, worker, alone.returncode) == (0, 0, 0), error
    assert "model: " in out
    assert said == "worker finished; the chief, worker 0, has written the run\n"
    assert [path.name for path in (tmp_path / "runs").iterdir() if path.is_dir()] == ["001-ring8"]
    events = read_records(tmp_path / "runs" / "001-ring8" / "events.jsonl")
    assert events[0]["replicas"] == 2
    together, apart = last_state(tmp_path), last_state(one)
    for name, values in apart.items():
        np.testing.assert_allclose(together[name], values, atol=LIMIT, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_worker_ends_the_other_in_one_line_and_both_resume_exactly(victim: int, tmp_path: Path) -> None:
    flags = (*FLAGS, "--steps", "200")
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    killed.mkdir()
    whole.mkdir()
    processes = start_workers(killed, *flags)
    wait_for(killed / "runs" / "001-ring8" / "checkpoints" / "00000008", processes[0])
    processes[victim].kill()
    start = time.monotonic()
    status, _, error = ended([processes[1 - victim]], timeout=60)[0]
    assert status == 1 and time.monotonic() - start < 60
    assert f"worker {1 - victim} has lost another one of 2 workers" in error
    assert "Traceback" not in error
    processes[victim].wait()
    assert [status for status, _, _ in ended(start_workers(killed, "--resume"))] == [0, 0]
    assert [status for status, _, _ in ended(start_workers(whole, *flags))] == [0, 0]
    resumed, uninterrupted = last_state(killed), last_state(whole)
    for name, values in uninterrupted.items():
        np.testing.assert_array_equal(resumed[name], values, err_msg=name)


@pytest.mark.slow
def test_a_signal_to_one_worker_stops_both_at_one_generation(tmp_path: Path) -> None:
    processes = start_workers(tmp_path, *FLAGS, "--steps", "4000")
    wait_for(tmp_path / "runs" / "001-ring8" / "checkpoints" / "00000004", processes[0])
    processes[1].send_signal(signal.SIGTERM)
    (chief, out, _), (worker, said, _) = ended(processes)
    assert (chief, worker) == (128 + signal.SIGTERM,) * 2
    generation = out.partition("at generation ")[2].partition(";")[0]
    assert said == f"worker stopped at generation {generation}\n"
