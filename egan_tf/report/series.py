"""Values through time made fit for a drawing: bounded, extremes and gaps kept, smoothed."""

from __future__ import annotations

import numpy as np

BUCKETS = 300
"""A drawing is at most some thousand pixels wide; twice this many points show all that can be seen."""
SMOOTH_FROM = 40
"""Fewer values than this need no smoothing."""


def downsample(x: np.ndarray, y: np.ndarray, buckets: int = BUCKETS) -> tuple[np.ndarray, np.ndarray]:
    """Thins a line to at most three points per bucket: the lowest, the highest, and a gap if there is one.

    Args:
        x: float [n], ascending.
        y: float [n]; NaN is a gap.
        buckets: in how many parts of equally many values the line is cut.

    Returns:
        x and y of what is left; as they were, if they are few.
    """
    if len(x) <= 2 * buckets:
        return x, y
    kept: list[int] = []
    for part in np.array_split(np.arange(len(x)), buckets):
        finite = part[np.isfinite(y[part])]
        gaps = part[~np.isfinite(y[part])][:1]
        extremes = [finite[np.argmin(y[finite])], finite[np.argmax(y[finite])]] if finite.size else []
        kept.extend(sorted({*map(int, extremes), *map(int, gaps)}))
    return x[kept], y[kept]


def smoothing_window(count: int) -> int:
    """Over how many neighbouring values a line of `count` is averaged, an odd number; 1 for a short line."""
    return 1 if count < SMOOTH_FROM else 2 * max(1, count // 30) + 1


def smooth(y: np.ndarray, window: int) -> np.ndarray:
    """The mean of each value and its neighbours; a gap stays a gap, and is left out of its neighbours' means.

    Args:
        y: float [n]; NaN is a gap.
        window: how many values a mean spans, an odd number.
    """
    finite = np.isfinite(y)
    ones = np.ones(window)
    if not len(y) or window > len(y):
        return y
    sums = np.convolve(np.where(finite, y, 0.0), ones, "same")
    counts = np.convolve(finite.astype(float), ones, "same")
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)


def spread_evenly(count: int, most: int) -> list[int]:
    """At most `most` positions out of `count`, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    if most == 1:
        return [count - 1]
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]
