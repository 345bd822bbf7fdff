"""Intervals and paired tests, against closed forms, scipy and plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from egan_tf.report.statistics import holm, mean_of, paired_t, signed_rank, smallest_signed_rank, student_interval


def test_the_interval_of_three_values_in_closed_form() -> None:
    # Student's t with 2 degrees of freedom has the quantile sqrt(2) (2 q - 1) / sqrt(1 - (2 q - 1)^2).
    quantile = math.sqrt(2) * 0.95 / math.sqrt(1 - 0.95**2)
    mean = mean_of([1.0, 2.0, 3.0])
    assert mean == (pytest.approx(2.0), pytest.approx(quantile / math.sqrt(3)), 3)


def test_intervals_of_columns_leave_out_what_is_not_finite() -> None:
    values = np.random.default_rng(0).normal(size=(7, 5))
    values[0, 1] = values[3, 1] = np.nan
    values[1:, 2], values[:, 3], values[0, 4] = np.nan, np.nan, np.inf
    mean, half, count = student_interval(values)
    assert count.tolist() == [7, 5, 1, 0, 6]
    assert math.isnan(half[2]) and math.isnan(half[3]) and math.isnan(mean[3]) and mean[2] == values[0, 2]
    for column in (0, 1, 4):
        kept = values[:, column][np.isfinite(values[:, column])]
        low, high = stats.t.interval(0.95, len(kept) - 1, kept.mean(), stats.sem(kept))
        assert (mean[column] - half[column], mean[column] + half[column]) == pytest.approx((low, high))


def test_the_t_test_is_scipys_and_does_not_trust_equal_differences() -> None:
    for n in (3, 4, 20):
        differences = np.random.default_rng(n).normal(0.3, 1.0, n)
        assert paired_t(differences) == pytest.approx(stats.ttest_1samp(differences, 0.0).pvalue)
    assert paired_t(np.zeros(4)) == 1.0
    assert math.isnan(paired_t(np.full(4, 1.5)))
    assert math.isnan(paired_t(np.full(7, 0.1)))


@pytest.mark.parametrize("n", [1, 2, 3, 6, 11, 20])
def test_the_signed_rank_test_is_scipys_without_ties(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.4, 1.0, n)
    assert signed_rank(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def by_enumeration(differences: list[float]) -> float:
    """Two-sided p of the signed-rank test by all choices of the signs."""
    nonzero = [value for value in differences if value]
    ranks = stats.rankdata(np.abs(nonzero))
    sums = [sum(rank for rank, up in zip(ranks, signs, strict=True) if up) for signs in _signs(len(nonzero))]
    seen = sum(rank for rank, value in zip(ranks, nonzero, strict=True) if value > 0)
    extreme = min(seen, sum(ranks) - seen)
    return min(1.0, 2 * sum(one <= extreme + 1e-9 for one in sums) / len(sums))


def _signs(n: int) -> list[tuple[bool, ...]]:
    return list(itertools.product([False, True], repeat=n))


TIED = [[], [0.0, 0.0], [1, -1], [1, 1, 1], [2, 2, -2, 5], [0, 1, 1, -3, 3, 3, 7], [-1, -1, -1, -1, 2, 2, 2, 4, 4]]


@pytest.mark.parametrize("differences", TIED, ids=str)
def test_the_signed_rank_test_is_exact_with_ties_and_zeros(differences: list[float]) -> None:
    assert signed_rank(np.array(differences, float)) == pytest.approx(by_enumeration(differences))


def test_the_smallest_p_is_that_of_differences_of_one_sign() -> None:
    for n in range(12):
        assert smallest_signed_rank(n) == pytest.approx(signed_rank(np.arange(1.0, n + 1)))
        assert smallest_signed_rank(n) == pytest.approx(signed_rank(-np.ones(n)))
    assert signed_rank(np.arange(1.0, 241.0)) == pytest.approx(2.0**-239)


def test_holms_correction_in_closed_form() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
    corrected = holm([0.02, math.nan, 0.01])
    assert corrected[0] == pytest.approx(0.04) and corrected[2] == pytest.approx(0.03)
    assert math.isnan(corrected[1]), "it counts, and stays unknown"
