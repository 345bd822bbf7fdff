"""How well points cover a mixture of Gaussians whose modes are known.

As in Srivastava et al. 2017 ("VEEGAN", section 4.1), a sample belongs to its nearest mode, and has high quality if it
lies within three standard deviations of that mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan_tf.metrics.arrays import check_pair, row_blocks, squared_distances
from egan_tf.metrics.kernel import gaussian_kernel, squared_mmd
from egan_tf.utils.checks import number, require

HIGH_QUALITY_SIGMAS = 3.0
COVERED_FRACTION = 1 / 5
MMD_BANDWIDTHS = (1.0, 5.0, 25.0)
"""Bandwidths of the kernel of `mixture_mmd` in standard deviations of a mode: for differences within a mode, around it,
and between neighbouring modes of the paper's toy data."""


@dataclass(frozen=True)
class ModeCoverage:
    """Counts of samples by nearest mode. Counts of several batches can be added.

    Attributes:
        high_quality: int64 [K], the samples within three standard deviations of their nearest mode.
        total: int64 [K], all samples.
    """

    high_quality: np.ndarray
    total: np.ndarray

    @property
    def modes_covered(self) -> int:
        """The number of modes with at least 1/5 of an equal share, n / K, in samples of high quality."""
        return int((self.high_quality * len(self.total) >= COVERED_FRACTION * self.total.sum()).sum())

    @property
    def high_quality_share(self) -> float:
        """The share of samples of high quality; 1 − exp(−4.5) = 0.98889 for the mixture itself in the plane."""
        return float(self.high_quality.sum() / self.total.sum())

    @property
    def divergence(self) -> float:
        """KL divergence of the nearest modes from the uniform distribution, in nats, 0 to log K."""
        shares = self.total[self.total > 0] / self.total.sum()
        return max(0.0, float((shares * np.log(shares * len(self.total))).sum()))

    def __add__(self, other: ModeCoverage) -> ModeCoverage:
        return ModeCoverage(self.high_quality + other.high_quality, self.total + other.total)


def mode_coverage(samples: Any, modes: Any, sigma: float) -> ModeCoverage:
    """Counts samples by nearest mode.

    Args:
        samples: [n, d].
        modes: [K, d], the means.
        sigma: the standard deviation of each coordinate around its mode.

    Raises:
        InputError: shapes that do not match, no rows, or numbers that are not finite.
    """
    modes, samples = check_pair(modes, samples, fields=("modes", "samples"))
    sigma, means = number("sigma", sigma, 0.0, above=True), modes.astype(np.float64)
    high_quality, total = np.zeros(len(modes), np.int64), np.zeros(len(modes), np.int64)
    for _, points in row_blocks(samples):
        squared = squared_distances(points, means)
        mode = squared.argmin(axis=1)
        near = squared.min(axis=1) <= (HIGH_QUALITY_SIGMAS * sigma) ** 2
        total += np.bincount(mode, minlength=len(modes))
        high_quality += np.bincount(mode[near], minlength=len(modes))
    return ModeCoverage(high_quality, total)


def mixture_mmd(real: Any, fake: Any, sigma: float) -> float:
    """The unbiased MMD² of two samples of points, with a Gaussian kernel averaged over sigma · `MMD_BANDWIDTHS`.

    Args:
        real: [n, d], samples of the mixture.
        fake: [m, d].
        sigma: the standard deviation of a mode.

    Raises:
        InputError: as `squared_mmd`, or `sigma` is not above 0.
    """
    require(sigma > 0, "sigma", f"must be above 0, got {sigma!r}")
    return squared_mmd(real, fake, gaussian_kernel([sigma * width for width in MMD_BANDWIDTHS]))
