"""Precision and recall, density and coverage: do fakes lie where real samples lie, and the other way round.

A sample's ball reaches to its k-th nearest neighbour among its own kind, the sample itself not counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from egan_tf.metrics.arrays import BLOCK, blocks, pair, squared_distances
from egan_tf.utils.checks import integer

PRECISION_NEIGHBOURS = 3
DENSITY_NEIGHBOURS = 5


class PrecisionRecall(NamedTuple):
    """Share of fakes within the real samples' balls, and of real samples within the fakes' balls."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """How many real balls hold a fake, over k, and the share of real balls that hold a fake."""

    density: float
    coverage: float


def precision_recall(
    real: np.ndarray, fake: np.ndarray, k: int = PRECISION_NEIGHBOURS, block: int = BLOCK
) -> PrecisionRecall:
    """Returns improved precision and recall (Kynkäänniemi et al. 2019, equation 2).

    Args:
        real: features [n, d], n above k.
        fake: features [m, d], m above k.
        k: which neighbour's distance is a ball's radius; the authors take 3.
        block: so many rows of each are compared at once; memory grows with its square, n and m.

    Raises:
        InputError: too few rows, rows of unequal width, or numbers that are not finite.
    """
    k = integer("k", k)
    real, fake = pair(real, fake, minimum=k + 1)
    return PrecisionRecall(
        float((_balls_around(fake, real, k, block) > 0).mean()),
        float((_balls_around(real, fake, k, block) > 0).mean()),
    )


def density_coverage(
    real: np.ndarray, fake: np.ndarray, k: int = DENSITY_NEIGHBOURS, block: int = BLOCK
) -> DensityCoverage:
    """Returns density and coverage (Naeem et al. 2020, equations 3 and 5).

    Args:
        real: features [n, d], n above k.
        fake: features [m, d].
        k: which neighbour's distance is a ball's radius; the authors take 5.
        block: as for `precision_recall`.

    Raises:
        InputError: as `precision_recall`.
    """
    k = integer("k", k)
    real, fake = pair(real, fake)
    pair(real, real, minimum=k + 1)
    radii = squared_radii(real, k, block)
    inside, nearest = 0, np.full(len(real), np.inf)
    for here, x in blocks(real, block):
        for _, y in blocks(fake, block):
            squared = squared_distances(x, y)
            inside += int((squared <= radii[here, None]).sum())
            nearest[here] = np.minimum(nearest[here], squared.min(axis=1))
    return DensityCoverage(inside / (k * len(fake)), float((nearest <= radii).mean()))


def squared_radii(values: np.ndarray, k: int, block: int = BLOCK) -> np.ndarray:
    """Returns each row's squared distance to its k-th nearest other row, float64 [n].

    Raises:
        InputError: no more than k rows, or numbers that are not finite.
    """
    values, _ = pair(values, values, minimum=integer("k", k) + 1, fields=("values", "values"))
    radii = np.empty(len(values))
    for here, x in blocks(values, block):
        # Of every block the k + 1 smallest suffice, the row itself among them.
        smallest = np.full((len(x), k + 1), np.inf)
        for there, y in blocks(values, block):
            squared = squared_distances(x, y)
            if here == there:
                np.fill_diagonal(squared, 0.0)
            candidates = np.concatenate([smallest, squared], axis=1)
            smallest = np.partition(candidates, k, axis=1)[:, : k + 1]
        radii[here] = smallest.max(axis=1)
    return radii


def _balls_around(points: np.ndarray, centres: np.ndarray, k: int, block: int) -> np.ndarray:
    """In how many of the centres' balls each point lies, int64 [n]."""
    radii = squared_radii(centres, k, block)
    counts = np.zeros(len(points), np.int64)
    for here, x in blocks(points, block):
        for there, y in blocks(centres, block):
            counts[here] += (squared_distances(x, y) <= radii[there]).sum(axis=1)
    return counts
