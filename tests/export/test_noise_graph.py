"""TensorFlow makes the noise of numpy to the bit: eagerly, in a graph, and under XLA."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.export.noise_graph import noise_rows, normal_numbers, uniform_numbers
from egan_tf.sampling import DISTRIBUTIONS, SamplingSpec
from tests.sampling.noise_words import FIRST, SECOND, pair_numbers

CASES = ((0, 0), (1, 999_983), (2**53 + 1, 2**32 - 400), (2**64 - 1, 2**62 + 12_345))
"""Seeds and starts."""
COUNT, SIZE = 1000, 101


def modes(spec: SamplingSpec, count: int) -> dict[str, Callable[..., tf.Tensor]]:
    def rows(seed: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
        return noise_rows(spec, seed, start, count)

    return {
        "eager": rows,
        "graph": tf.function(rows, autograph=False),
        "XLA": tf.function(rows, autograph=False, jit_compile=True),
    }


def as_int64(seed: int) -> tf.Tensor:
    return tf.constant(seed - 2**64 if seed >= 2**63 else seed, tf.int64)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_it_equals_numpy_to_the_bit(distribution: str) -> None:
    spec = SamplingSpec(SIZE, distribution, (2,), None)
    for name, function in modes(spec, COUNT).items():
        for seed, start in CASES:
            found = function(as_int64(seed), as_int64(start)).numpy()
            expected = spec.rows(seed, start).draw(COUNT)
            assert found.dtype == np.float32 and found.tobytes() == expected.tobytes(), (name, seed, start)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_every_latent_size_and_count(distribution: str, size: int) -> None:
    spec = SamplingSpec(size, distribution, (2,), None)
    whole = spec.rows(3, 5).draw(9)
    for count in (0, 1, 9):
        found = noise_rows(spec, as_int64(3), as_int64(5), tf.constant(count, tf.int64))
        np.testing.assert_array_equal(found, whole[:count])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_ends_of_the_words(distribution: str) -> None:
    numbers = normal_numbers if distribution == "normal" else uniform_numbers
    words = tf.constant(FIRST), tf.constant(SECOND)
    for jit_compile in (None, False, True):
        function = numbers if jit_compile is None else tf.function(numbers, autograph=False, jit_compile=jit_compile)
        assert function(*words).numpy().T.tobytes() == pair_numbers(distribution).tobytes(), jit_compile
