"""Samples come where threads do not: at the end of the interpreter, at the limits of the machine, after a fork."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf.sampling import Sampler
from egan_tf.sampling.program import Call, Program
from egan_tf.utils.checks import InputError
from egan_tf.utils.side_by_side import side_by_side
from tests.sampling.onnx_files import IMAGE, build, put

ROOT = Path(__file__).parents[2]
BEGIN = f"""
import atexit, faulthandler, os, threading, sys
import numpy as np
from concurrent.futures import ThreadPoolExecutor
from egan_tf import Sampler
faulthandler.dump_traceback_later(60, exit=True)
sampler = Sampler({str(ROOT / "saved_models" / "reference" / "digits")!r}, threads=2)
def draw(seed):
    print(seed, round(float(np.abs(sampler.sample(5000, seed)).mean()), 4), flush=True)
"""
ENDS = {
    "a pool": "pool = ThreadPoolExecutor(1)\nfor seed in range(3): pool.submit(draw, seed)",
    "a thread": "threading.Thread(target=lambda: [draw(seed) for seed in range(3)]).start()",
    "a function at exit": "atexit.register(lambda: [draw(seed) for seed in range(3)])",
    "nothing": "for seed in range(3): draw(seed)",
}


def printed(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_work_that_outlives_the_main_thread_is_done() -> None:
    expected = printed(ENDS["nothing"])
    assert len(expected.splitlines()) == 3
    for name in ("a pool", "a thread", "a function at exit"):
        assert printed(ENDS[name]) == expected, name


def test_batches_that_were_open_at_a_fork_go_on_in_the_child() -> None:
    program = """
batches = sampler.batches(20000)
first = next(batches)
child = os.fork()
rest = np.concatenate([first, *batches])
assert np.array_equal(rest, sampler.sample(20000))
if child:
    _, status = os.waitpid(child, 0)
    print("child", status, "rows", len(rest))
else:
    os._exit(0)
"""
    assert printed(program) == "child 0 rows 20000\n"


@pytest.mark.parametrize("queued", [False, True])
def test_without_threads_the_calling_one_works(queued: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that can start no thread may have the task in its queue nevertheless: it runs once."""
    submit, ran = ThreadPoolExecutor.submit, []

    def full(pool: ThreadPoolExecutor, *task: Any) -> None:
        if queued:
            submit(pool, *task)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(ThreadPoolExecutor, "submit", full)
    assert list(side_by_side(lambda item: ran.append(item) or item, range(20), 3, 2)) == list(range(20))
    assert sorted(ran) == list(range(20))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_what_comes_before_an_error_is_given(threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, run = Sampler(put(tmp_path, build(IMAGE)), threads=threads), Program.run
    noise = sampler.noise(1000 * 32)

    def failing(program: Program, call: Call) -> np.ndarray:
        if np.array_equal(call.noise[0], noise[101 * 32]):
            raise InputError("path", "the call 101")
        return run(program, call)

    monkeypatch.setattr(Program, "run", failing)
    drawn = []
    with pytest.raises(InputError, match="the call 101"):
        for batch in Sampler(sampler.path, 32, threads=threads).batches(1000 * 32):
            drawn.append(batch)
    assert len(drawn) == 101


def test_small_work_is_not_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sampler, run, where = Sampler(put(tmp_path, build(IMAGE)), threads=2), Program.run, []

    def seen(program: Program, call: Call) -> np.ndarray:
        where.append(threading.current_thread() is threading.main_thread())
        return run(program, call)

    monkeypatch.setattr(Program, "run", seen)
    before = sampler.sample(96, 1)
    sampler._opened().quickest = 1e-4
    np.testing.assert_array_equal(sampler.sample(96, 1), before)
    sampler._opened().quickest = 1.0
    np.testing.assert_array_equal(sampler.sample(96, 1), before)
    assert where[3:6] == [True] * 3 and True not in where[:3] + where[6:]


def test_few_samples_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads, begun, release = 3, [], threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        return item

    read: list[int] = []
    results = side_by_side(work, (read.append(i) or i for i in range(1000)), threads)
    assert next(results) == 0
    release.wait(0.2)
    assert len(read) <= threads + 1 and len(begun) <= threads + 1
    results.close()
