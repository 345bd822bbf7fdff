"""Fréchet distance between Gaussians fitted to features (Dowson and Landau 1982; Heusel et al. 2017, equation 6).

    d² = ‖m₁ − m₂‖² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)

Only with the features of the official Inception graph is it called FID.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from egan_tf.metrics.arrays import check_rows, row_blocks
from egan_tf.utils.checks import integer, require


@dataclass(frozen=True)
class Moments:
    """Count, mean and scatter matrix of features, in float64. Moments of several batches can be added.

    Attributes:
        count: n, at least 0.
        mean: [d].
        scatter: [d, d], Σ (x − mean)(x − mean)ᵀ.
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @classmethod
    def empty(cls, size: int) -> Moments:
        """The moments of no features of width `size`, the start of a sum."""
        size = integer("size", size)
        return cls(0, np.zeros(size), np.zeros((size, size)))

    @classmethod
    def from_features(cls, features: Any) -> Moments:
        """The moments of features [n, d].

        Raises:
            InputError: another shape, or numbers that are not finite.
        """
        features = check_rows("features", features)
        total = cls.empty(features.shape[1])
        for _, block in row_blocks(features):
            mean = block.mean(axis=0)
            deviations = block - mean
            total = total + cls(len(block), mean, deviations.T @ deviations)
        return total

    def __add__(self, other: Moments) -> Moments:
        """Combines moments as Chan, Golub and LeVeque 1983, which stays accurate if the mean is large."""
        sizes = (len(self.mean), len(other.mean))
        require(sizes[0] == sizes[1], "moments", f"are of {sizes[0]} and {sizes[1]} numbers")
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
    """The squared Fréchet distance of two Gaussians, in float64, at least 0.

    The trace of (C₁ C₂)^½ is computed as the sum of the singular values of C₁^½ C₂^½. Unlike square roots of the
    eigenvalues of C₁ C₂, they are accurate to the last digits if a covariance is singular or nearly so.

    Args:
        first: of at least 2 features of width d.
        second: likewise.

    Raises:
        InputError: fewer features, different widths, or features too large to compute with.
    """
    sizes = (len(first.mean), len(second.mean))
    require(sizes[0] == sizes[1], "features", f"must be of one size, got {sizes[0]} and {sizes[1]}")
    step = first.mean - second.mean
    covariances = first.covariance, second.covariance
    finite = all(np.isfinite(values).all() for values in (step, *covariances))
    require(finite, "features", "must be finite, and their squares too; they are too large to compute with")
    roots = [_square_root(covariance) for covariance in covariances]
    overlap = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    distance = step @ step + np.trace(covariances[0]) + np.trace(covariances[1]) - 2.0 * overlap
    return 0.0 if distance < 0.0 else float(distance)  # so that NaN stays NaN


def _square_root(covariance: np.ndarray) -> np.ndarray:
    """R with RᵀR = C."""
    values, vectors = np.linalg.eigh(covariance)
    # Rounding turns zero eigenvalues into numbers of this size, and their square roots would be much larger.
    rounding = len(values) * np.finfo(np.float64).eps * values[-1]
    return np.sqrt(np.where(values > rounding, values, 0.0))[:, None] * vectors.T
