"""The noise of earlier exports: numpy's Philox4x64 and its own way to normal numbers, in one sequence per seed.

Its bits are what numpy computes: another language repeats them by numpy's ziggurat only, and numpy may change them
(NEP 19). Sample i comes after all samples before it.
"""

from __future__ import annotations

import numpy as np

_SKIPPED_NUMBERS = 1 << 20


def numpy_rows(distribution: str, seed: int, start: int, latent_size: int) -> SequentialRows:
    """The rows from `start` on; those before it are drawn and dropped.

    Args:
        distribution: "normal" or "uniform".
        seed: at least 0.
        start: number of the first row, at least 0.
        latent_size: the numbers in a row.
    """
    rows = SequentialRows(np.random.Generator(np.random.Philox(seed)), distribution, latent_size)
    most = max(1, _SKIPPED_NUMBERS // latent_size)
    for first in range(0, start, most):
        rows.draw(min(most, start - first))
    return rows


class SequentialRows:
    """Rows of noise in their order; drawing 32 rows twice equals drawing 64 once."""

    def __init__(self, generator: np.random.Generator, distribution: str, latent_size: int) -> None:
        """Takes a generator at the place of the first row."""
        self._generator, self._distribution, self._latent_size = generator, distribution, latent_size

    def draw(self, count: int) -> np.ndarray:
        """The next `count` rows, float32 [count, latent_size]: N(0, 1), or uniform in [-1, 1)."""
        shape = (count, self._latent_size)
        if self._distribution == "normal":
            return self._generator.standard_normal(shape, dtype=np.float32)
        return 2 * self._generator.random(shape, dtype=np.float32) - 1
