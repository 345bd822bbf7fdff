"""The survivors by mutation, in intervals of a run, from counts that grow."""

from __future__ import annotations

import numpy as np

MAX_INTERVALS = 100


def shares_by_interval(counts: np.ndarray, survivors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fraction of the survivors of each interval that count for each mutation.

    Args:
        counts: [records, mutations], since the start, of one record at least.
        survivors: [records], all of them since the start, also those that count for no mutation; NaN where unknown.

    Returns:
        The records at which the intervals end, int [n] with n ≤ `MAX_INTERVALS`, the last record among them; and the
        fractions, float [n, mutations]. What a row lacks to 1 are survivors that count for no mutation.
    """
    every = -(-len(counts) // MAX_INTERVALS)
    ends = np.append(np.arange(every - 1, len(counts) - 1, every), len(counts) - 1)
    counted = np.diff(counts[ends], axis=0, prepend=np.zeros((1, counts.shape[1])))
    of_interval = np.fmax(np.diff(survivors[ends], prepend=0), counted.sum(axis=1))
    return ends, counted / np.maximum(of_interval, 1)[:, None]
