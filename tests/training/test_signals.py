"""Stopping by signals, in separate processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from egan_tf.training.signals import Signals

ROOT = Path(__file__).parents[2]


def listening() -> None:
    """For a child process: default handlers, even if the tests run with ignored signals, as under nohup or `&`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Makes this process handle SIGINT, even if the tests run with ignored signals."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def started(where: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """An endless run that has started to train; killed at the end if it still runs."""
    process = start(where, *flags)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def start(where: Path, *flags: str) -> subprocess.Popen[str]:
    """An endless run that has started to train."""
    arguments = ["--dataset", "ring8", "--width", "8", "--xla", "off", "--steps", "10000000", *flags]
    arguments += ["--mutations", "heuristic", "--tournaments", "always"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "train_tf.py"), *arguments],
        cwd=where,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listening,
    )
    metrics = where / "runs" / "001-ring8" / "metrics.jsonl"
    for _ in range(1200):
        if metrics.exists() and metrics.stat().st_size:
            return process
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.kill()
    raise AssertionError("it did not begin")


@pytest.mark.parametrize(
    ("number", "status"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)]
)
def test_a_signal_stops_the_run_after_a_checkpoint(number: int, status: int, tmp_path: Path) -> None:
    flags = ["--export-on-stop", "--formats", "onnx"] if number == signal.SIGTERM else []
    with started(tmp_path, *flags) as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=120)
    assert process.returncode == status
    assert "Traceback" not in err
    newest = max((tmp_path / "runs" / "001-ring8" / "checkpoints").iterdir()).name
    assert (
        out.splitlines()[-1]
        == f"stopped at generation {int(newest)}; to resume: python train_tf.py --resume runs/001-ring8"
    )
    assert (tmp_path / "saved_models" / "ring8" / "generator.onnx").exists() == bool(flags)
    if not flags:
        command = [sys.executable, str(ROOT / "train_tf.py"), "--resume", "--steps", str(int(newest) + 100)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
        assert f"at generation {int(newest)} of" in done.stderr
        assert (tmp_path / "saved_models" / "ring8" / "generator.onnx").exists()


HANGING = """
import os, sys, time, threading
from egan_tf.training.signals import Signals
with Signals() as signals:
    print("ready", flush=True)
    {work}
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_ends_the_process_even_inside_a_long_call(number: int) -> None:
    """Waits for a lock in C, where no Python handler runs, as in a compilation."""
    script = HANGING.format(work="import ctypes; ctypes.CDLL(None).sleep(60); ctypes.CDLL(None).sleep(60)")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], **pipes, preexec_fn=listening) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(number)
        assert b"once more to leave at once" in process.stderr.readline() + process.stderr.readline()
        assert process.poll() is None
        process.send_signal(number)
        assert process.wait(timeout=10) == 128 + number


def test_earlier_handlers_are_restored() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    threads = threading.active_count()
    with Signals() as signals:
        assert signals.received is None
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(100):
            time.sleep(0.01)
            if signals.received:
                break
        assert signals.received == signal.SIGTERM
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert threading.active_count() == threads
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)


def test_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.05)
            assert signals.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_of_the_main_thread_nothing_is_recorded() -> None:
    failed = []

    def inside() -> None:
        try:
            with Signals() as signals:
                assert signals.received is None
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert failed == []
