"""Random numbers: their distribution, their streams, and agreement with XLA."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.utils import randomness

DRAWS = {"normal": randomness.normal, "uniform": randomness.uniform}


def sample(name: str, step: tf.Tensor) -> tf.Tensor:
    return DRAWS[name]([501, 100], randomness.stream(5, step, 2))


@pytest.mark.parametrize("name", DRAWS)
def test_xla_gives_the_same_numbers(name: str) -> None:
    step = tf.constant(9, tf.int64)
    plain = tf.function(lambda s: sample(name, s))(step)
    compiled = tf.function(lambda s: sample(name, s), jit_compile=True)(step)
    np.testing.assert_allclose(plain, compiled, atol=2e-6)


def test_moments() -> None:
    normal = sample("normal", tf.constant(1, tf.int64)).numpy().astype("float64")
    uniform = sample("uniform", tf.constant(1, tf.int64)).numpy().astype("float64")
    error = 1 / np.sqrt(normal.size)
    assert abs(normal.mean()) < 5 * error
    assert abs((normal**2).mean() - 1) < 5 * np.sqrt(2) * error
    assert abs((normal**4).mean() - 3) < 5 * np.sqrt(96) * error
    assert abs(uniform.mean()) < 5 * error / np.sqrt(3)
    assert abs((uniform**2).mean() - 1 / 3) < 5 * error * np.sqrt(4 / 45)
    assert -1 <= uniform.min() < -0.999
    assert 0.999 < uniform.max() <= 1
    # The Box-Muller transform makes pairs, whose two numbers must be independent.
    first, second = np.split(normal.ravel(), 2)
    assert abs((first * second).mean()) < 5 * error * np.sqrt(2)
    assert abs((first**2 * second**2).mean() - 1) < 5 * error * np.sqrt(2 * 8)


def test_every_tuple_of_coordinates_has_another_stream() -> None:
    seeds = [(s, step, stream, k) for s in (0, 1) for step in (0, 1, 2**30) for stream in (0, 1) for k in (0, 1)]
    drawn = {
        randomness.uniform([4], randomness.stream(s, tf.constant(step, tf.int64), stream, k)).numpy().tobytes()
        for s, step, stream, k in seeds
    }
    assert len(drawn) == len(seeds)


def test_the_numbers_do_not_depend_on_the_shape() -> None:
    seed = tf.constant([3, 4], tf.int64)
    np.testing.assert_array_equal(tf.reshape(randomness.uniform([6, 4], seed), [-1]), randomness.uniform([24], seed))
