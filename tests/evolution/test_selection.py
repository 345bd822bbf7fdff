"""Who lives on."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.selection import fittest


@pytest.mark.parametrize(
    ("fitness", "count", "expected"),
    [
        ([0.1, 0.3, 0.2], 1, [1]),
        ([0.1, 0.3, 0.2], 3, [1, 2, 0]),
        ([0.5, 0.7, 0.7, 0.5], 3, [1, 2, 0]),
        ([np.nan, -1e30, np.inf, -np.inf], 1, [1]),
        ([np.nan, np.inf, 2.0], 3, [2, 0, 1]),
        ([np.nan, np.nan], 1, [0]),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_fittest(fitness: list[float], count: int, expected: list[int], compiled: bool) -> None:
    select = tf.function(fittest, jit_compile=compiled)
    assert select(tf.constant(fitness), count).numpy().tolist() == expected
