"""Inputs and answers of a program in a few numbers, so that another machine can make the same inputs and compare.

Needs numpy only. Small arrays are kept as they are. A large one is replaced by uniform numbers of the same mean and
standard deviation, from the raw bits of Philox, which numpy keeps the same in all versions.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

MAX_KEPT = 64
ENTRIES = 32
SLOTS = 1e-6
"""The largest number where an array was all zeros, such as slots of an optimizer. With zeros the first step of Adam
would be a sign, in which rounding decides; and products of zeros take less time and power."""


def describe(value: np.ndarray) -> dict[str, Any]:
    """Shape, dtype and values, or the statistics from which `make` draws values."""
    kind = {"shape": list(value.shape), "dtype": value.dtype.name}
    if value.size <= MAX_KEPT:
        return {**kind, "values": value.ravel().tolist()}
    low, high = float(value.min()), float(value.max())
    if low == high == 0:
        return {**kind, "mean": SLOTS / 2, "std": SLOTS / math.sqrt(12), "low": 0.0, "high": SLOTS}
    return {**kind, "mean": float(value.mean()), "std": float(value.std()), "low": low, "high": high}


def make(description: dict[str, Any], key: int) -> np.ndarray:
    """An array of a description; the same for the same key, on every machine."""
    shape, dtype = description["shape"], description["dtype"]
    if "values" in description:
        return np.array(description["values"], dtype).reshape(shape)
    mean, std, low, high = (description[name] for name in ("mean", "std", "low", "high"))
    bits = np.random.Philox(key=key).random_raw(math.prod(shape))
    unit = (bits >> np.uint64(40)).astype("float64") * 2.0**-24
    return np.clip(mean + std * math.sqrt(12) * (unit - 0.5), low, high).astype(dtype).reshape(shape)


def sketch(value: np.ndarray) -> list[float]:
    """Up to 32 of its values, at fixed positions."""
    flat = np.asarray(value).ravel()
    positions = np.linspace(0, flat.size - 1, min(ENTRIES, flat.size)).astype(int)
    return flat[positions].astype("float64").tolist()


def relative_difference(found: np.ndarray, expected: list[float]) -> float:
    """‖found − expected‖ / ‖expected‖ over the values of a sketch."""
    there, here = np.array(sketch(found)), np.array(expected)
    return float(np.linalg.norm(there - here) / max(np.linalg.norm(here), 1e-30))
