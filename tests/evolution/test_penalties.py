"""The penalties against closed forms of a linear and a quadratic discriminator."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.penalties import r1_penalty, r2_penalty, wgan_gradient_penalty

GRADIENT = np.array([[3.0], [4.0]], "float32")
REAL = tf.constant([[0.0, 1.0], [2.0, 2.0], [-1.0, 0.5]])
FAKE = tf.constant([[1.0, 1.0], [0.0, 2.0], [3.0, 1.5]])


def linear(samples: tf.Tensor) -> tf.Tensor:
    return samples @ GRADIENT


def quadratic(samples: tf.Tensor) -> tf.Tensor:
    return 0.5 * tf.reduce_sum(tf.square(samples), axis=1, keepdims=True)


def test_r1_of_a_plane_is_half_its_squared_gradient() -> None:
    np.testing.assert_allclose(r1_penalty(linear, REAL), 12.5, rtol=1e-6)


def test_r1_of_a_bowl_is_half_the_mean_squared_distance() -> None:
    np.testing.assert_allclose(r1_penalty(quadratic, REAL), 0.5 * np.mean([1, 8, 1.25]), rtol=1e-6)


def test_r2_is_r1_at_generated_samples() -> None:
    np.testing.assert_allclose(r2_penalty(linear, FAKE), 12.5, rtol=1e-6)
    np.testing.assert_allclose(r2_penalty(quadratic, FAKE), 0.5 * np.mean([2, 4, 11.25]), rtol=1e-6)


def test_gradient_penalty_of_a_plane() -> None:
    mix = tf.constant([0.1, 0.5, 0.9])
    np.testing.assert_allclose(wgan_gradient_penalty(linear, REAL, FAKE, mix), 16.0, rtol=1e-5)


def test_gradient_penalty_looks_between_the_two() -> None:
    mix = tf.constant([1.0, 0.0, 0.25])
    between = np.stack([REAL[0], FAKE[1], 0.25 * REAL[2] + 0.75 * FAKE[2]])
    expected = np.mean((np.linalg.norm(between, axis=1) - 1) ** 2)
    np.testing.assert_allclose(wgan_gradient_penalty(quadratic, REAL, FAKE, mix), expected, rtol=1e-5)


def test_gradient_penalty_can_be_differentiated_at_a_vanishing_gradient() -> None:
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = wgan_gradient_penalty(lambda x: weight * tf.reduce_sum(x, 1, keepdims=True), REAL, FAKE, tf.ones(3))
    assert float(penalty) == pytest.approx(1.0, abs=1e-5)
    assert np.isfinite(tape.gradient(penalty, weight))
