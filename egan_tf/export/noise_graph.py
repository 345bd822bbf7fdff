"""The noise of `egan_tf.sampling.counter_noise` in TensorFlow: the same bits eagerly, in a graph and under XLA.

What is computed twice is computed once for a stack of two: an operator costs more than its numbers, also when a
SavedModel is written and loaded.
"""

from __future__ import annotations

import tensorflow as tf

from egan_tf.sampling.counter_noise import LN_2, LOG_COEFFICIENTS, SINE_COEFFICIENTS, WORDS
from egan_tf.sampling.philox import MULTIPLIERS, ROUNDS, WEYL, WORD
from egan_tf.sampling.spec import SamplingSpec

_and, _or, _xor = tf.bitwise.bitwise_and, tf.bitwise.bitwise_or, tf.bitwise.bitwise_xor
_left, _right = tf.bitwise.left_shift, tf.bitwise.right_shift


def noise_rows(spec: SamplingSpec, seed: tf.Tensor, start: tf.Tensor, count: int | tf.Tensor) -> tf.Tensor:
    """The noise of samples `start` to `start + count - 1`.

    Args:
        spec: the distribution and the numbers in a row.
        seed: int64 scalar; a negative one stands for the seed 2^64 more.
        start: int64 scalar, at least 0.
        count: int64 scalar, at least 0; a Python integer under XLA, which needs static shapes.

    Returns:
        float32 [count, latent_size].
    """
    blocks = -(-spec.latent_size // WORDS)
    samples = tf.bitcast(start + tf.range(count, dtype=tf.int64), tf.uint64)[:, None]
    low, high = (tf.broadcast_to(half, [count, blocks]) for half in (_low(samples), _high(samples)))
    columns = tf.broadcast_to(tf.cast(tf.range(blocks), tf.uint64), [count, blocks])
    first, second = _philox(tf.stack([low, columns]), tf.stack([high, tf.zeros_like(high)]), seed)
    numbers = (normal_numbers if spec.distribution == "normal" else uniform_numbers)(first, second)
    rows = tf.reshape(tf.transpose(numbers, [2, 3, 1, 0]), [count, WORDS * blocks])
    return rows[:, : spec.latent_size]


def _philox(even: tf.Tensor, odd: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Words 0 and 2, and words 1 and 3, uint64 [2, count, blocks], of those words of the counter."""
    bits = tf.bitcast(seed, tf.uint64)
    key = tf.reshape(tf.stack([_low(bits), _high(bits)]), [2, 1, 1])
    multipliers, weyl = (tf.reshape(_constant(pair), [2, 1, 1]) for pair in (MULTIPLIERS, WEYL))
    for _ in range(ROUNDS):
        products = tf.reverse(even * multipliers, [0])
        even, odd = _xor(_xor(_high(products), odd), key), _low(products)
        key = _low(key + weyl)
    return even, odd


def uniform_numbers(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Those of the words `first` and of the words `second`, uint64 of one shape: float32 [2, *shape]."""
    odd = tf.cast(_or(_right(tf.stack([first, second]), _constant(7)), _constant(1)), tf.int32)
    return tf.cast(odd - (1 << 24), tf.float32) * 2.0**-24


def normal_numbers(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """Two for each pair of words, uint64 of one shape: float32 [2, *shape]."""
    x = _low(_or(_left(second, _constant(2)), _constant(2)))
    sines = _sine(tf.stack([_constant(1 << 32) - x, x]))
    products = tf.bitcast(tf.cast(tf.cast(sines, tf.float64) * _radius(first), tf.float32), tf.uint32)
    signs = _and(tf.stack([second, _left(second, _constant(1))]), _constant(1 << 31))
    return tf.bitcast(_xor(products, tf.cast(signs, tf.uint32)), tf.float32)


def _radius(words: tf.Tensor) -> tf.Tensor:
    one = _constant(1)
    bits = tf.bitcast(tf.cast(_or(_left(words, one), one), tf.float64), tf.uint64)
    f = _low(_right(bits, _constant(20)))
    t = _or(_xor(f, _constant(WORD)), one)
    zeros = _constant(1023 + 32) - _right(bits, _constant(52))
    logarithm = zeros * _constant(LN_2) + _high(t * _polynomial(f, LOG_COEFFICIENTS))
    return tf.sqrt(tf.cast(_or(_left(logarithm, one), one), tf.float64)) * 2.0**-47


def _sine(x: tf.Tensor) -> tf.Tensor:
    return _high(x * _polynomial(_high(x * x), SINE_COEFFICIENTS))


def _polynomial(x: tf.Tensor, coefficients: tuple[int, ...]) -> tf.Tensor:
    value = _constant(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value = _constant(coefficient) - _high(value * x)
    return value


def _constant(value: int | tuple[int, int]) -> tf.Tensor:
    return tf.constant(value, tf.uint64)


def _low(x: tf.Tensor) -> tf.Tensor:
    """The low half, a word."""
    return _and(x, _constant(WORD))


def _high(x: tf.Tensor) -> tf.Tensor:
    """The high half, a word."""
    return _right(x, _constant(32))
