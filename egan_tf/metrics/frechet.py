"""Fréchet distance between Gaussians fitted to features (Dowson and Landau 1982; Heusel et al. 2017, equation 6).

    d² = ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)

It is called FID where the features are those of the official Inception graph, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan_tf.metrics.arrays import blocks, rows
from egan_tf.utils.checks import integer, require


@dataclass(frozen=True)
class Moments:
    """Count, mean and scatter of features, in float64; parts of a sample add up to those of the whole.

    Attributes:
        count: n, from 0.
        mean: [d].
        scatter: [d, d], the sum of outer products of the deviations from the mean.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def none(cls, size: int) -> Moments:
        """Those of no features of `size` numbers, to which others are added."""
        size = integer("size", size)
        return cls(0, np.zeros(size), np.zeros((size, size)))

    @classmethod
    def of(cls, features: Any) -> Moments:
        """Those of the features [n, d].

        Raises:
            InputError: another shape, or numbers that are not finite.
        """
        features = rows("features", features)
        total = cls.none(features.shape[1])
        for _, block in blocks(features):
            mean = block.mean(axis=0)
            deviations = block - mean
            total = total + cls(len(block), mean, deviations.T @ deviations)
        return total

    def __add__(self, other: Moments) -> Moments:
        """Chan, Golub and LeVeque 1983, which loses no digits where the mean is large."""
        require(
            self.mean.shape == other.mean.shape, "moments", f"are of {len(self.mean)} and {len(other.mean)} numbers"
        )
        count = self.count + other.count
        if count == 0:
            return self
        step = other.mean - self.mean
        share = other.count / count
        return Moments(
            count, self.mean + share * step, self.scatter + other.scatter + self.count * share * np.outer(step, step)
        )

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, float64 [d, d].

        Raises:
            InputError: fewer than 2 features.
        """
        require(self.count > 1, "features", f"must be at least 2 rows for a covariance, got {self.count}")
        return self.scatter / (self.count - 1)


def frechet_distance(first: Moments, second: Moments) -> float:
    """Returns the squared Fréchet distance of the two Gaussians, in float64, at least 0.

    The trace of (C₁ C₂)^½ is the sum of the singular values of C₁^½ C₂^½: unlike the square roots of eigenvalues of
    the product, these are exact to the last digits where covariances are singular or nearly so.

    Args:
        first: of at least 2 features.
        second: likewise, of as many numbers.

    Raises:
        InputError: fewer features, or of another size.
    """
    sizes = (len(first.mean), len(second.mean))
    require(sizes[0] == sizes[1], "features", f"must be of one size, got {sizes[0]} and {sizes[1]}")
    step = first.mean - second.mean
    covariances = first.covariance, second.covariance
    roots = [_square_root(covariance) for covariance in covariances]
    overlap = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    distance = step @ step + np.trace(covariances[0]) + np.trace(covariances[1]) - 2.0 * overlap
    return max(0.0, float(distance))


def _square_root(covariance: np.ndarray) -> np.ndarray:
    """R with RᵀR = C."""
    values, vectors = np.linalg.eigh(covariance)
    # What rounding makes of a zero: its square root would be eight digits larger.
    noise = len(values) * np.finfo(np.float64).eps * values[-1]
    return np.sqrt(np.where(values > noise, values, 0.0))[:, None] * vectors.T
