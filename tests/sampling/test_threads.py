"""Calls of onnxruntime that run side by side give what one after the other gives."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.sampling import Sampler
from egan_tf.sampling.program import Program
from egan_tf.sampling.session import DEFAULT_EXECUTION, Execution
from egan_tf.utils.checks import InputError
from tests.sampling.onnx_files import CLASSES, IMAGE, build, put

COUNT = 1000
MODEL = Path(__file__).parents[2] / "saved_models" / "reference" / "digits_conditional"


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 10, COUNT)


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_change_no_bit(threads: int, labels: np.ndarray) -> None:
    one, several = Sampler(MODEL, threads=1), Sampler(MODEL, threads=threads)
    expected = one.sample(COUNT, 3, 5, labels=labels)
    np.testing.assert_array_equal(several.sample(COUNT, 3, 5, labels=labels), expected)
    batches = list(several.batches(COUNT, 3, 5, labels=labels))
    np.testing.assert_array_equal(np.concatenate(batches), expected)
    pixels = one.sample(COUNT, 3, 5, labels=labels, dtype="uint8")
    np.testing.assert_array_equal(several.sample(COUNT, 3, 5, labels=labels, dtype="uint8"), pixels)


@pytest.mark.parametrize("threads", [1, 2])
def test_given_noise_makes_the_samples_of_the_seed_to_the_bit(threads: int, labels: np.ndarray) -> None:
    sampler = Sampler(MODEL, threads=threads)
    whole = COUNT // sampler.rows_per_call * sampler.rows_per_call
    made = sampler.generate(sampler.noise(whole, 3), labels[:whole])
    np.testing.assert_array_equal(made, sampler.sample(whole, 3, labels=labels[:whole]))


class Together:
    """Runs calls, and knows how many ran at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, meet: int) -> None:
        self.most, self._now, self._lock, run = 0, 0, threading.Lock(), Program.run
        barrier = threading.Barrier(meet)

        def counted(program: Program, *inputs: Any) -> np.ndarray:
            with self._lock:
                self._now += 1
                self.most = max(self.most, self._now)
            barrier.wait(timeout=20)
            samples = run(program, *inputs)
            with self._lock:
                self._now -= 1
            return samples

        monkeypatch.setattr(Program, "run", counted)


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_calls_as_threads_run_at_once(threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler = Sampler(put(tmp_path, build(IMAGE)), threads=threads)
    together = Together(monkeypatch, meet=threads)
    sampler.sample(threads * 4 * sampler.rows_per_call)
    assert together.most == threads


def test_operators_are_shared_by_threads_where_calls_are_not() -> None:
    found = {
        execution: (execution.calls_at_once, execution.threads_of_a_call)
        for execution in (
            Execution(3),
            Execution(3, ("CPUExecutionProvider",)),
            Execution(3, spinning=True),
            Execution(3, ("CUDAExecutionProvider", "CPUExecutionProvider")),
        )
    }
    assert list(found.values()) == [(3, 1), (3, 1), (1, 3), (1, 3)]
    assert 1 <= DEFAULT_EXECUTION.calls_at_once <= 4


def test_an_error_of_one_call_is_raised_and_the_others_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, run, calls = Sampler(put(tmp_path, build(IMAGE)), threads=2), Program.run, []

    def failing(program: Program, *inputs: Any) -> np.ndarray:
        calls.append(threading.current_thread())
        if len(calls) == 5:
            raise InputError("path", "the fifth")
        return run(program, *inputs)

    monkeypatch.setattr(Program, "run", failing)
    with pytest.raises(InputError, match="^path: the fifth"):
        sampler.sample(100_000)
    assert len(calls) < 1000
    assert not any(thread.is_alive() for thread in calls)


def test_batches_that_are_not_read_are_not_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, run, calls = Sampler(put(tmp_path, build(CLASSES)), threads=2), Program.run, []
    monkeypatch.setattr(Program, "run", lambda *given: calls.append(threading.current_thread()) or run(*given))
    batches = sampler.batches(10**9, labels=1)
    assert len(next(batches)) == 64
    batches.close()
    assert len(calls) < 1000
    assert not any(thread.is_alive() for thread in calls)
