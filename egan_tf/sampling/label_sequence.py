"""The labels of many samples in little memory: a few values, each for a number of samples in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LabelSequence:
    """The labels of samples 0, 1, ...

    Attributes:
        values: labels, int32 [n].
        repeats: samples in a row that have the same value.
    """

    values: np.ndarray
    repeats: int = 1

    @property
    def count(self) -> int:
        """The number of samples."""
        return len(self.values) * self.repeats

    def rows(self, first: int, size: int) -> np.ndarray:
        """The labels of samples `first` to `first + size - 1`, int32 [size]; rows without a sample get label 0.

        Args:
            first: may be negative.
            size: the number of rows.
        """
        padded = np.zeros(size, np.int32)
        start, end = max(first, 0), min(first + size, self.count)
        if start < end:
            value, position = divmod(start, self.repeats)
            # uint64 holds the sum of the largest position and a number of rows.
            steps = (np.uint64(position) + np.arange(end - start, dtype=np.uint64)) // np.uint64(self.repeats)
            padded[start - first : end - first] = self.values[value + steps.astype(np.int64)]
        return padded
