"""Random numbers as pure functions of a seed: the same on every device, with and without XLA.

The float samplers of TensorFlow agree between XLA and its kernels in distribution only, but the bits of its Philox
generator agree exactly. Uniform and normal numbers are computed from those bits here, so that a run under XLA gets the
noise of a run without it, up to the last bits of `log` and `cos`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import tensorflow as tf

_MANTISSA_BITS = 24


def _open_unit_interval(shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    """Uniform float32 numbers in (0, 1); never 0, so that their logarithm is finite."""
    bits = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    top = tf.cast(tf.bitwise.right_shift(bits, tf.constant(32 - _MANTISSA_BITS, tf.uint32)), tf.float32)
    # The offset is a quarter of a step; half a step would round the largest value to 1.
    return (top + 0.25) * 2.0**-_MANTISSA_BITS


def uniform(shape: Sequence[int], seed: tf.Tensor, low: float = -1.0, high: float = 1.0) -> tf.Tensor:
    """Uniform noise.

    Args:
        shape: the static shape.
        seed: int64 [2].
        low: lower limit.
        high: upper limit.

    Returns:
        float32 of `shape` in [low, high].
    """
    return low + (high - low) * _open_unit_interval(shape, seed)


def normal(shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    """Standard normal noise, by the Box-Muller transform.

    Args:
        shape: the static shape.
        seed: int64 [2].

    Returns:
        float32 of `shape`.
    """
    count = math.prod(shape)
    pairs = (count + 1) // 2
    radius_source, angle_source = tf.unstack(_open_unit_interval([2, pairs], seed))
    radius = tf.sqrt(-2.0 * tf.math.log(radius_source))
    angle = (2.0 * math.pi) * angle_source
    both = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=0)
    return tf.reshape(both[:count], shape)


def stream(seed: int | tf.Tensor, *coordinates: int | tf.Tensor) -> tf.Tensor:
    """A different seed for every tuple of coordinates, such as (step, stream).

    Args:
        seed: of the run, a scalar integer.
        coordinates: scalar integers of at least 0; the first below 2^31, and at most two others below 2^16.

    Returns:
        int64 [2], for `uniform` and `normal`.
    """
    folded = tf.cast(coordinates[0], tf.int64)
    for coordinate in coordinates[1:]:
        folded = folded * 2**16 + tf.cast(coordinate, tf.int64)
    return tf.stack([tf.cast(seed, tf.int64), folded])
