"""Chooses the rows per call of an ONNX file by measurement; see `egan_tf.sampling.calls`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.sampling.calls import ROWS
from egan_tf.sampling.session import open_session
from egan_tf.sampling.spec import SamplingSpec

CANDIDATES = (ROWS, 64, 128, 256)
"""In rising order."""

CALL_SECONDS = 0.1
"""A single sample costs a whole call: none of more than `ROWS` rows may take longer."""

NEAR = 0.97
"""The smallest number of rows is chosen that reaches this share of the highest throughput."""

_SECONDS, _LEAST_ROUNDS, _MOST_ROUNDS = 0.3, 3, 20


def measure(model: bytes, spec: SamplingSpec) -> int:
    """The rows of a call that sample fast on this machine, one of `CANDIDATES`.

    Every candidate makes the same number of samples in each round, turn by turn, and the fastest round of each counts:
    what else the machine does only makes rounds slower. It takes about `_SECONDS`; less for a generator whose calls
    take long.

    Args:
        model: the content of an ONNX file.
        spec: its noise and samples.

    Raises:
        InputError: onnxruntime cannot open or run it.
    """
    session = open_session(Path("the file"), model)
    calls = {rows: _call(session, spec, rows) for rows in CANDIDATES}
    calls[ROWS]()
    first = _seconds(calls[ROWS])
    allowed = [rows for rows in CANDIDATES if rows == ROWS or first * rows / ROWS <= CALL_SECONDS]
    if len(allowed) == 1:
        return ROWS
    samples = allowed[-1]
    lowest = dict.fromkeys(allowed, float("inf"))
    began = time.perf_counter()
    for turn in range(_MOST_ROUNDS):
        for rows in allowed:
            seconds = sum(_seconds(calls[rows]) for _ in range(samples // rows))
            lowest[rows] = min(lowest[rows], seconds)
        if turn + 1 >= _LEAST_ROUNDS and time.perf_counter() - began > _SECONDS:
            break
    return smallest_near_best(lowest)


def smallest_near_best(seconds: dict[int, float]) -> int:
    """The smallest number of rows whose throughput is at least `NEAR` of the highest.

    Args:
        seconds: for the same number of samples, by rows per call.
    """
    best = min(seconds.values())
    return min(rows for rows, taken in seconds.items() if best >= NEAR * taken)


def _call(session: Any, spec: SamplingSpec, rows: int) -> Callable[[], Any]:
    inputs: dict[str, np.ndarray] = {"noise": spec.rows(0).draw(rows)}
    if spec.classes:
        inputs["labels"] = np.zeros(rows, np.int32)
    return lambda: session.run(["samples"], inputs)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
