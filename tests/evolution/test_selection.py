"""Selection of the fittest viable children."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.selection import all_finite, fittest
from egan_tf.evolution.sums import summed_to_rows

ALL = [True] * 4


@pytest.mark.parametrize(
    ("fitness", "viable", "count", "expected"),
    [
        ([0.1, 0.3, 0.2, 0.0], ALL, 1, [1]),
        ([0.1, 0.3, 0.2, 0.0], ALL, 3, [1, 2, 0]),
        ([0.5, 0.7, 0.7, 0.5], ALL, 3, [1, 2, 0]),
        ([0.9, -1e38, 0.8, 0.7], [False, True, False, False], 1, [1]),
        ([0.9, -1e38, np.inf, 0.7], [False, True, False, True], 2, [3, 1]),
        ([0.9, 0.1, np.nan, 0.7], [True, False, False, False], 3, [0, 4, 5]),
        ([np.nan, np.nan, 1.0, np.inf], [False] * 4, 2, [4, 5]),
    ],
)
@pytest.mark.parametrize("compiled", [False, True])
def test_fittest(fitness: list[float], viable: list[bool], count: int, expected: list[int], compiled: bool) -> None:
    select = tf.function(fittest, jit_compile=compiled)
    assert select(tf.constant(fitness), tf.constant(viable), count).numpy().tolist() == expected


def test_all_finite() -> None:
    members = (np.zeros([4, 2], "float32"), {"deep": np.ones([4, 3, 2], "float32")}, np.full([4], 2**40))
    members[0][1, 1] = np.nan
    members[1]["deep"][3, 2, 0] = -np.inf
    assert all_finite(tf.nest.map_structure(tf.constant, members), 4).numpy().tolist() == [True, False, True, False]
    assert all_finite((tf.constant([1, 2]),), 2).numpy().tolist() == [True, True]
    assert all_finite((), 2).numpy().tolist() == [True, True]


@pytest.mark.parametrize("leading", [0, 1])
def test_rows_add_up_to_all_numbers_of_all_tensors(leading: int) -> None:
    random = np.random.default_rng(0)
    shapes = [(4, 3), (4, 3), (3,), (2, 4, 3), (5,), ()]
    tensors = [random.uniform(size=(2,) * leading + shape).astype("float32") for shape in shapes]
    rows = summed_to_rows(list(map(tf.constant, tensors)), leading)
    assert sorted(row.shape[-1] for row in rows) == [1, 3, 5]
    expected = sum(tensor.reshape((*tensor.shape[:leading], -1)).sum(-1) for tensor in tensors)
    np.testing.assert_allclose(sum(tf.reduce_sum(row, axis=-1).numpy() for row in rows), expected, rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(4))
def test_what_is_not_finite_is_found_in_every_tensor(bad: float, place: int) -> None:
    tensors = [np.ones(shape, "float32") for shape in ((2, 4, 3), (2, 4, 3), (2, 3), (2, 1, 5))]
    tensors[place][1].flat[-1] = bad
    assert all_finite(list(map(tf.constant, tensors)), 2).numpy().tolist() == [True, False]
