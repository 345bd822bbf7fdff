"""Precision and recall, density and coverage: do fakes lie near real samples, and real samples near fakes?

The ball of a sample reaches to its k-th nearest neighbour in the same set, not counting the sample itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from egan_tf.metrics.arrays import BLOCK_ROWS, check_pair, row_blocks, squared_distances
from egan_tf.utils.checks import integer

PRECISION_NEIGHBOURS = 3
DENSITY_NEIGHBOURS = 5


class PrecisionRecall(NamedTuple):
    """Share of fakes inside balls of real samples, and share of real samples inside balls of fakes."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Mean number of real balls around a fake divided by k, and share of real balls that contain a fake."""

    density: float
    coverage: float


def precision_recall(
    real: np.ndarray, fake: np.ndarray, k: int = PRECISION_NEIGHBOURS, block: int = BLOCK_ROWS
) -> PrecisionRecall:
    """Improved precision and recall (Kynkäänniemi et al. 2019, equation 2).

    Args:
        real: features [n, d], n above k.
        fake: features [m, d], m above k.
        k: the neighbour whose distance is the radius of a ball; the authors take 3.
        block: rows of each that are compared at once; memory grows with its square, n and m.

    Raises:
        InputError: too few rows, different widths, or numbers that are not finite.
    """
    k = integer("k", k)
    real, fake = check_pair(real, fake, minimum=k + 1)
    return PrecisionRecall(
        float((_count_balls(fake, real, k, block) > 0).mean()),
        float((_count_balls(real, fake, k, block) > 0).mean()),
    )


def density_coverage(
    real: np.ndarray, fake: np.ndarray, k: int = DENSITY_NEIGHBOURS, block: int = BLOCK_ROWS
) -> DensityCoverage:
    """Density and coverage (Naeem et al. 2020, equations 3 and 5).

    Args:
        real: features [n, d], n above k.
        fake: features [m, d].
        k: the neighbour whose distance is the radius of a ball; the authors take 5.
        block: as for `precision_recall`.

    Raises:
        InputError: as `precision_recall`.
    """
    k = integer("k", k)
    real, fake = check_pair(real, fake)
    check_pair(real, real, minimum=k + 1)
    radii = squared_radii(real, k, block)
    inside, nearest = 0, np.full(len(real), np.inf)
    for rows, x in row_blocks(real, block):
        for _, y in row_blocks(fake, block):
            squared = squared_distances(x, y)
            inside += int((squared <= radii[rows, None]).sum())
            nearest[rows] = np.minimum(nearest[rows], squared.min(axis=1))
    return DensityCoverage(inside / (k * len(fake)), float((nearest <= radii).mean()))


def squared_radii(values: np.ndarray, k: int, block: int = BLOCK_ROWS) -> np.ndarray:
    """The squared distance of each row to its k-th nearest other row, float64 [n].

    Raises:
        InputError: at most k rows, or numbers that are not finite.
    """
    values, _ = check_pair(values, values, minimum=integer("k", k) + 1, fields=("values", "values"))
    radii = np.empty(len(values))
    for rows, x in row_blocks(values, block):
        # The k + 1 smallest of every block suffice, the row itself included.
        smallest = np.full((len(x), k + 1), np.inf)
        for columns, y in row_blocks(values, block):
            squared = squared_distances(x, y)
            if rows == columns:
                np.fill_diagonal(squared, 0.0)
            candidates = np.concatenate([smallest, squared], axis=1)
            smallest = np.partition(candidates, k, axis=1)[:, : k + 1]
        radii[rows] = smallest.max(axis=1)
    return radii


def _count_balls(points: np.ndarray, centres: np.ndarray, k: int, block: int) -> np.ndarray:
    """The number of balls around `centres` that contain each point, int64 [n]."""
    radii = squared_radii(centres, k, block)
    counts = np.zeros(len(points), np.int64)
    for rows, x in row_blocks(points, block):
        for columns, y in row_blocks(centres, block):
            counts[rows] += (squared_distances(x, y) <= radii[columns]).sum(axis=1)
    return counts
