"""Words at the ends of every step of the noise, where random ones hardly ever are: the leading zeros and the signs."""

from __future__ import annotations

import numpy as np

from egan_tf.sampling.counter_noise import normal_numbers, uniform_numbers
from egan_tf.sampling.philox import WORD

EDGES = [*range(9), 255, 256, 2**16, 2**30 - 1, 2**30, 2**31 - 1, 2**31, 2**31 + 2**30, WORD - 256, WORD - 1, WORD]
FIRST, SECOND = (grid.ravel() for grid in np.meshgrid(np.array(EDGES, np.uint64), np.array(EDGES, np.uint64)))
"""All pairs."""


def pair_numbers(distribution: str) -> np.ndarray:
    """The numbers of the pairs in numpy, float32 [pairs, 2]."""
    numbers = normal_numbers if distribution == "normal" else uniform_numbers
    return np.stack(numbers(FIRST, SECOND), axis=1)


def pair_words() -> np.ndarray:
    """The words of the pairs, uint32 [pairs, 2]."""
    return np.stack([FIRST, SECOND], axis=1).astype(np.uint32)
