"""Means over seeds with Student's intervals, and paired tests on common seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LEVEL = 0.05
"""Two-sided level of the tests; intervals hold 1 - `LEVEL`."""


class Mean(NamedTuple):
    """The mean of `n` values, and half the width of its 95 % interval; NaN of too few (none, and one)."""

    value: float
    half_width: float
    n: int


def student_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means over the first axis, half widths of their 95 % intervals by Student's t, and counts of finite values.

    Args:
        values: float [n, ...]; what is not finite does not count.
    """
    from scipy.special import stdtrit

    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    mean = np.where(finite, values, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan)
    squares = np.where(finite, np.where(finite, values, 0.0) - mean, 0.0) ** 2
    several = np.where(count > 1, count, np.nan)
    half = stdtrit(several - 1, 1 - LEVEL / 2) * np.sqrt(squares.sum(axis=0) / (several - 1) / several)
    return mean, half, count


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of the finite values."""
    mean, half, count = student_interval(np.array(values, float))
    return Mean(float(mean), float(half), int(count))


def paired_t(differences: np.ndarray) -> float:
    """The p value of Student's paired test, two-sided; NaN if the differences are equal and not 0.

    Equal differences, which counts such as covered modes often have, are no evidence of a spread of 0.
    """
    from scipy.special import stdtr

    n = len(differences)
    deviation = differences.std(ddof=1)
    if deviation <= 1e-12 * np.abs(differences).max():
        return np.nan if differences.any() else 1.0
    return float(2 * stdtr(n - 1, -abs(differences.mean()) / deviation * np.sqrt(n)))


def signed_rank(differences: np.ndarray) -> float:
    """The p value of the signed-rank test (Wilcoxon 1945), two-sided and exact, also with ties.

    Differences of 0 are left out; tied ones share their mean rank. The sum of positive ranks is compared with its
    distribution over all choices of the signs.
    """
    nonzero = differences[differences != 0]
    _, places, counts = np.unique(np.abs(nonzero), return_inverse=True, return_counts=True)
    # Twice the rank is whole in spite of ties.
    doubled = (2 * np.cumsum(counts) - counts + 1)[places]
    chances = np.zeros(doubled.sum() + 1)
    chances[0] = 1.0
    for rank in doubled:
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    positive = doubled[nonzero > 0].sum()
    return float(min(1.0, 2 * chances[: min(positive, doubled.sum() - positive) + 1].sum()))


def smallest_signed_rank(n: int) -> float:
    """The smallest p value that the signed-rank test can give for `n` differences that are not 0."""
    return min(1.0, 2.0 ** (1 - n))


def holm(values: Sequence[float]) -> list[float]:
    """P values corrected for their number (Holm 1979); NaN counts as one of them and stays NaN."""
    p = np.array(values, float)
    order = np.argsort(np.where(np.isnan(p), np.inf, p), kind="stable")
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return corrected.tolist()
