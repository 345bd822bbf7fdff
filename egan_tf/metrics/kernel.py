"""Squared maximum mean discrepancy (MMD²), and the kernel distance of features, its mean over subsets.

Gretton et al. 2012, "A Kernel Two-Sample Test", equation 3: MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y). The unbiased
estimate omits the pairs of a sample with itself, and can be negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from egan_tf.metrics.arrays import BLOCK_ROWS, check_pair, row_blocks, squared_distances
from egan_tf.utils.checks import integer, number, require

SUBSETS = 100
SUBSET_SIZE = 1000

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Maps float64 rows [n, d] and [m, d] to kernel values [n, m]."""


class KernelDistance(NamedTuple):
    """Mean and population standard deviation of MMD² over subsets; no deviation of a single pair."""

    mean: float
    deviation: float | None


def cubic_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """k(x, y) = (x·y/d + 1)³, of Bińkowski et al. 2018, "Demystifying MMD GANs", section 4."""
    base = first @ second.T / first.shape[1] + 1.0
    # Three times as fast as base**3.
    return base * base * base


def gaussian_kernel(bandwidths: Sequence[float]) -> Kernel:
    """The kernel k(x, y) = mean over the bandwidths b of exp(−‖x − y‖² / 2b²).

    Raises:
        InputError: no bandwidth, or one that is not above 0.
    """
    require(len(bandwidths) > 0, "bandwidths", "must be at least one number above 0")
    scales = [0.5 / number("bandwidths", bandwidth, 0.0, above=True) ** 2 for bandwidth in bandwidths]

    def kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        squared = squared_distances(first, second)
        total = np.zeros_like(squared)
        for scale in scales:
            total += np.exp(-scale * squared)
        return total / len(scales)

    return kernel


def squared_mmd(real: np.ndarray, fake: np.ndarray, kernel: Kernel = cubic_kernel, block: int = BLOCK_ROWS) -> float:
    """The unbiased estimate of MMD² from all pairs, in float64.

    Args:
        real: [n, d], n at least 2.
        fake: [m, d], m at least 2.
        kernel: symmetric.
        block: rows of each that are compared at once; memory grows with its square only.

    Raises:
        InputError: fewer rows, different widths, or numbers that are not finite.
    """
    real, fake = check_pair(real, fake, minimum=2)
    n, m = len(real), len(fake)
    between = sum(kernel(x, y).sum() for _, x in row_blocks(real, block) for _, y in row_blocks(fake, block))
    within = _sum_over_pairs(real, kernel, block) / (n * (n - 1)) + _sum_over_pairs(fake, kernel, block) / (m * (m - 1))
    return float(within - 2.0 * between / (n * m))


def _sum_over_pairs(values: np.ndarray, kernel: Kernel, block: int) -> float:
    """The sum of the kernel over all ordered pairs of different rows."""
    total = 0.0
    for rows, x in row_blocks(values, block):
        for columns, y in row_blocks(values[: rows.stop], block):
            gram = kernel(x, y)
            total += gram.sum() - np.trace(gram) if rows == columns else 2.0 * gram.sum()
    return total


def kernel_distance(
    real: np.ndarray,
    fake: np.ndarray,
    seed: int,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    kernel: Kernel = cubic_kernel,
) -> KernelDistance:
    """The kernel distance: the mean of MMD² over pairs of random subsets.

    Only with the features of the official Inception graph is it called KID (Bińkowski et al. 2018). If a subset is all
    of n and of m rows, there is one pair.

    Args:
        real: features [n, d].
        fake: features [m, d].
        seed: of the subsets, each drawn without replacement.
        subsets: the number of pairs.
        subset_size: rows in each subset, at most n and m.
        kernel: symmetric.

    Raises:
        InputError: fewer rows than a subset, different widths, or numbers that are not finite.
    """
    size = integer("subset_size", subset_size, 2)
    real, fake = check_pair(real, fake, minimum=size)
    random = np.random.default_rng(integer("seed", seed, 0))
    pairs = integer("subsets", subsets)
    if size == len(real) == len(fake):
        return KernelDistance(squared_mmd(real, fake, kernel), None)
    values = [squared_mmd(_subset(real, size, random), _subset(fake, size, random), kernel) for _ in range(pairs)]
    return KernelDistance(float(np.mean(values)), float(np.std(values)) if pairs > 1 else None)


def _subset(values: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    return values[random.choice(len(values), size, replace=False)]
