"""Latent walks: noise between two rows of noise, as likely as the rows themselves.

A straight line leaves the noise that a generator was trained on: half-way between two independent rows the variance is
half as large. The paths here keep to the distribution.

- Normal noise: spherical interpolation (slerp; Shoemake 1985, Animating rotation with quaternion curves). The direction
  moves along the great circle at constant speed, the norm from the one row's to the other's.
- Uniform noise: the numbers are mapped to normal ones by Phi^-1((u + 1) / 2), a Gaussian copula, combined there as
  cos(t pi / 2) a + sin(t pi / 2) b, and mapped back. The combination of independent normal numbers with squared weights
  that add up to 1 is normal again, so every point of the path is exactly uniform, whatever the latent size. Slerp would
  be so only approximately, for large ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

# A float32 below 1 is at most 1 - 2**-24; half of that stays away from the infinite quantiles of 0 and 1.
_EDGE = 2.0**-26
_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


def walk(noise: np.ndarray, steps: int, distribution: str, *, closed: bool = False) -> Iterator[np.ndarray]:
    """Yields the paths from each row of noise to the next.

    Args:
        noise: float32 [n, latent_size], n at least 2.
        steps: rows in a path, at least 2, the two given ones included.
        distribution: of the noise, "normal" or "uniform".
        closed: adds the path from the last row to the first, and leaves out the last row of every path, so that all
            paths together are a loop that visits every row once.

    Yields:
        float32 [steps, latent_size], or [steps - 1, latent_size] if `closed`; the given rows are in it bit for bit.
    """
    fractions = np.linspace(0.0, 1.0, steps)
    for i in range(len(noise) if closed else len(noise) - 1):
        path = interpolate(noise[i], noise[(i + 1) % len(noise)], fractions, distribution)
        yield path[:-1] if closed else path


def interpolate(start: np.ndarray, end: np.ndarray, fractions: np.ndarray, distribution: str) -> np.ndarray:
    """The points of the path from `start` to `end` at the given fractions of the way.

    Args:
        start: float32 [latent_size].
        end: float32 [latent_size].
        fractions: float [n], each in [0, 1].
        distribution: of the noise, "normal" or "uniform".

    Returns:
        float32 [n, latent_size]; at 0 and 1 exactly the given rows.
    """
    path = slerp if distribution == "normal" else uniform_path
    points = path(start.astype(np.float64), end.astype(np.float64), fractions).astype(np.float32)
    if distribution == "uniform":
        points = np.clip(points, np.float32(-1), _BELOW_ONE)
    points[fractions == 0] = start
    points[fractions == 1] = end
    return points


def slerp(start: np.ndarray, end: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Spherical interpolation of the direction, linear interpolation of the norm.

    Where there is no great circle, because a row is 0 or has one number only, the path is the straight line. Between
    opposite directions there are many, and one of them is taken.

    Args:
        start: float64 [d].
        end: float64 [d].
        fractions: float [n], each in [0, 1].

    Returns:
        float64 [n, d].
    """
    t = np.asarray(fractions, np.float64)[:, None]
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if len(start) < 2 or min(lengths) == 0:
        return (1 - t) * start + t * end
    first, last = start / lengths[0], end / lengths[1]
    across = last - (first @ last) * first
    # The part across the first direction, not the arc cosine, which is inexact for small angles.
    angle = math.atan2(float(np.linalg.norm(across)), float(first @ last))
    if np.linalg.norm(across) < 1e-7:
        # Parallel or opposite rows: rounding has left no direction in `across`; any one will do.
        axis = np.zeros_like(first)
        axis[np.argmin(np.abs(first))] = 1.0
        across = axis - (first @ axis) * first
    across /= np.linalg.norm(across)
    return ((1 - t) * lengths[0] + t * lengths[1]) * (np.cos(t * angle) * first + np.sin(t * angle) * across)


def uniform_path(start: np.ndarray, end: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Interpolation of rows of numbers that are uniform in [-1, 1], in a Gaussian copula; see the module.

    Args:
        start: float64 [d], each number in [-1, 1].
        end: float64 [d], each number in [-1, 1].
        fractions: float [n], each in [0, 1].

    Returns:
        float64 [n, d], each number in [-1, 1].
    """
    angle = np.asarray(fractions, np.float64)[:, None] * (math.pi / 2)
    normal = np.cos(angle) * _quantiles(start) + np.sin(angle) * _quantiles(end)
    flat = (math.erf(value) for value in (normal / math.sqrt(2)).ravel().tolist())
    return np.fromiter(flat, np.float64, normal.size).reshape(normal.shape)  # 2 Phi(x) - 1 = erf(x / sqrt 2)


def _quantiles(uniform: np.ndarray) -> np.ndarray:
    """The normal numbers below which lies the same share of N(0, 1) as of the uniform distribution below `uniform`."""
    shares = np.clip((uniform + 1) / 2, _EDGE, 1 - _EDGE)
    return np.array([NormalDist().inv_cdf(share) for share in shares.tolist()])
