"""Times variants turn by turn in one process, so that noise of the machine reaches all of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def interleaved(
    variants: Mapping[str, Callable[[], Any]],
    rounds: int,
    warm_up: int = 2,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each call: every variant once per round.

    Args:
        variants: name to a function that returns when its work is done.
        rounds: how many rounds count.
        warm_up: rounds before those, which do not count.
        clock: in seconds; `time.process_time` counts the processor's, which other work changes little.
    """
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(warm_up + rounds):
        for name, work in variants.items():
            start = clock()
            work()
            if turn >= warm_up:
                seconds[name].append(clock() - start)
    return seconds


def summary(seconds: list[float]) -> dict[str, float]:
    """Median and quartiles in milliseconds."""
    low, median, high = np.percentile(np.array(seconds) * 1000, [25, 50, 75])
    return {"median_ms": round(median, 2), "quartile_1_ms": round(low, 2), "quartile_3_ms": round(high, 2)}


def processor() -> str:
    """The model of the processor."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def machine() -> dict[str, Any]:
    """The machine, the date and the versions of a measurement."""
    import os
    import platform

    import keras
    import tensorflow as tf

    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": processor(),
        "cores": os.cpu_count(),
        "gpus": [
            tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")
            for gpu in tf.config.list_physical_devices("GPU")
        ],
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def publish(report: dict[str, Any], out: str) -> None:
    """Prints a report as JSON, and writes it to the file `out` if that is not empty."""
    text = json.dumps(report, indent=1)
    print(text)
    if out:
        Path(out).write_text(text + "\n", encoding="utf-8")
