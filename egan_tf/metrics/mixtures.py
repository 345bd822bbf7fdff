"""How well points cover a mixture of Gaussians whose modes are known.

As in Srivastava et al. 2017 ("VEEGAN", section 4.1) a sample belongs to its nearest mode, and is of high quality within
three standard deviations of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan_tf.metrics.arrays import blocks, pair, squared_distances
from egan_tf.metrics.kernel import gaussian_kernel, squared_mmd
from egan_tf.utils.checks import number, require

SIGMAS = 3.0
COVERED_SHARE = 1 / 5
MMD_BANDWIDTHS = (1.0, 5.0, 25.0)
"""Bandwidths of the kernel of `mixture_mmd`, in standard deviations of a mode: within a mode, around it, and between
the neighbours of the authors' toys."""


@dataclass(frozen=True)
class ModeCoverage:
    """Where the samples of a generator lie, mode by mode.

    Attributes:
        near: int64 [K], samples within three standard deviations of the mode that is nearest to them.
        nearest: int64 [K], all samples by nearest mode.
    """

    near: np.ndarray
    nearest: np.ndarray

    @property
    def modes_covered(self) -> int:
        """How many modes have at least 1/5 of their fair share, count / K, in near samples."""
        return int((self.near * len(self.near) >= COVERED_SHARE * self.nearest.sum()).sum())

    @property
    def share_near(self) -> float:
        """Share of the samples within three standard deviations of a mode; 1 − exp(−4.5) = 0.98889 in the plane."""
        return float(self.near.sum() / self.nearest.sum())

    @property
    def divergence(self) -> float:
        """KL divergence of the samples' nearest modes from the uniform distribution, in nats: 0 to log K."""
        shares = self.nearest[self.nearest > 0] / self.nearest.sum()
        return max(0.0, float((shares * np.log(shares * len(self.nearest))).sum()))

    def __add__(self, other: ModeCoverage) -> ModeCoverage:
        return ModeCoverage(self.near + other.near, self.nearest + other.nearest)


def mode_coverage(samples: Any, modes: Any, sigma: float) -> ModeCoverage:
    """Returns where the samples lie.

    Args:
        samples: [n, d].
        modes: [K, d], the means.
        sigma: the standard deviation of each coordinate around its mode.

    Raises:
        InputError: shapes that do not fit, no rows, or numbers that are not finite.
    """
    modes, samples = pair(modes, samples, fields=("modes", "samples"))
    sigma, centres = number("sigma", sigma, 0.0, above=True), modes.astype(np.float64)
    near, nearest = np.zeros(len(modes), np.int64), np.zeros(len(modes), np.int64)
    for _, points in blocks(samples):
        squared = squared_distances(points, centres)
        mode = squared.argmin(axis=1)
        close = squared.min(axis=1) <= (SIGMAS * sigma) ** 2
        nearest += np.bincount(mode, minlength=len(modes))
        near += np.bincount(mode[close], minlength=len(modes))
    return ModeCoverage(near, nearest)


def mixture_mmd(real: Any, fake: Any, sigma: float) -> float:
    """Returns the unbiased MMD² of two samples of points.

    The kernel is Gaussian, the mean over the bandwidths sigma · `MMD_BANDWIDTHS`.

    Args:
        real: [n, d], samples of the mixture.
        fake: [m, d].
        sigma: the standard deviation of a mode.

    Raises:
        InputError: as `squared_mmd`, or `sigma` is not above 0.
    """
    require(sigma > 0, "sigma", f"must be above 0, got {sigma!r}")
    return squared_mmd(real, fake, gaussian_kernel([sigma * width for width in MMD_BANDWIDTHS]))
