"""Numbers for people, and axes: ranges, ticks and their labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LOG_FROM = 50.0
"""Positive values whose largest is this many times the smallest are read better on a logarithmic axis."""
_MOST_TICKS = 6


def format_number(value: float) -> str:
    """A number in four significant digits, whole numbers with thousands set off, a proper minus."""
    if not math.isfinite(value):
        return "not finite"
    if value == round(value) and abs(value) < 1e12:
        return f"{round(value):,}".replace("-", "−")
    if abs(value) >= 10_000 and abs(value) < 1e12:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def format_share(share: float) -> str:
    """A share as per cent."""
    return f"{100 * share:.1f} %"


def format_duration(seconds: float) -> str:
    """Seconds as the two largest units that people use."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


@dataclass(frozen=True)
class Axis:
    """A range of values and where its ticks stand.

    Attributes:
        low: value at the axis' beginning.
        high: value at its end.
        log: whether it is logarithmic.
        ticks: values, ascending.
        labels: their text.
    """

    low: float
    high: float
    log: bool
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where values stand, 0 at the axis' beginning and 1 at its end, whatever their shape."""
        if self.log:
            return (np.log10(values) - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))
        return (values - self.low) / (self.high - self.low)


def axis_of(values: np.ndarray, log: bool = False, whole: bool = False) -> Axis:
    """An axis that shows all finite values, with a margin.

    Args:
        values: any shape; those that are not finite do not count.
        log: whether it may be logarithmic, where the values span orders of magnitude.
        whole: whether its ticks are whole numbers.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        finite = np.array([0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    if log and low > 0 and high / low > LOG_FROM:
        return _log_axis(low, high)
    # What differs only in the digits that rounding makes is constant.
    differs = high - low > 1e-9 * max(abs(low), abs(high))
    margin = 0.06 * (high - low) if differs else 0.1 * abs(high) or 1.0
    return fixed_axis(low - margin if low < 0 or low - margin > 0 else 0.0, high + margin, whole)


def fixed_axis(low: float, high: float, whole: bool = False) -> Axis:
    """A linear axis from `low` to `high`, which must be greater; `whole` asks for ticks at whole numbers."""
    step = max(_nice_step((high - low) / _MOST_TICKS), 1.0 if whole else 0.0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    ticks = tuple(i * step for i in range(first, last + 1))
    return Axis(low, high, False, ticks, _labels(ticks, step))


def _log_axis(low: float, high: float) -> Axis:
    low, high = low / 1.2, high * 1.2
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        ticks = tuple(d * 10.0**p for p in powers for d in digits if low <= d * 10.0**p <= high)
        if len(ticks) <= _MOST_TICKS + 1:
            break
    every = -(-len(ticks) // _MOST_TICKS)
    ticks = ticks[::every]
    return Axis(low, high, True, ticks, tuple(f"{tick:g}".replace("-", "−") for tick in ticks))


def _nice_step(least: float) -> float:
    """The least of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))


def _labels(ticks: Sequence[float], step: float) -> tuple[str, ...]:
    largest = max((abs(tick) for tick in ticks), default=0.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if largest >= 1e7 or decimals > 5:
        return tuple(f"{tick:.3g}".replace("-", "−") for tick in ticks)
    # A tick that rounds to zero is zero, not minus zero.
    return tuple(f"{round(tick, decimals) + 0.0:,.{decimals}f}".replace("-", "−") for tick in ticks)
