from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from egan_tf.metrics.arrays import BLOCK_ROWS
from egan_tf.metrics.frechet import Moments, frechet_distance
from egan_tf.utils.checks import InputError


def exact(mean: np.ndarray, covariance: np.ndarray) -> Moments:
    """Moments with a given mean and covariance."""
    return Moments(101, np.asarray(mean, float), 100 * np.asarray(covariance, float))


def by_scipy(first: Moments, second: Moments) -> float:
    step = first.mean - second.mean
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    return step @ step + np.trace(first.covariance + second.covariance - 2 * root)


def features(count: int, size: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, size)) @ random.normal(size=(size, size)) + random.normal(size=size)


def test_two_gaussians_with_common_axes_in_closed_form():
    """d² = ‖m₁ − m₂‖² + Σ (s₁ − s₂)² for standard deviations s along common axes."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    widths = np.array([1, 2, 3, 0.0]), np.array([2, 0.5, 3, 1.5])
    means = np.zeros(4), np.array([1, -2, 0.5, 0])
    moments = [exact(mean, axes @ np.diag(width**2) @ axes.T) for mean, width in zip(means, widths, strict=True)]
    expected = means[1] @ means[1] + np.square(widths[0] - widths[1]).sum()
    assert frechet_distance(*moments) == pytest.approx(expected, rel=1e-12)


def test_two_planar_gaussians_in_closed_form():
    """In two dimensions tr (C₁C₂)^½ = (tr C₁C₂ + 2 √det C₁C₂)^½, for any axes."""
    first, second = np.array([[2, 1], [1, 3.0]]), np.array([[1, -0.5], [-0.5, 0.5]])
    product = first @ second
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    distance = frechet_distance(exact([0, 0], first), exact([0, 3], second))
    assert distance == pytest.approx(9 + np.trace(first + second) - 2 * root, rel=1e-12)


def test_samples_of_two_gaussians_approach_the_closed_form():
    random = np.random.default_rng(2)
    first, second = random.normal(size=(200_000, 3)), 2 * random.normal(size=(200_000, 3)) + 1
    assert frechet_distance(Moments.from_features(first), Moments.from_features(second)) == pytest.approx(
        3 + 3, rel=0.02
    )


@pytest.mark.parametrize("size", [1, 5, 40])
def test_it_agrees_with_scipy(size):
    first, second = Moments.from_features(features(300, size, 0)), Moments.from_features(features(200, size, 1))
    assert frechet_distance(first, second) == pytest.approx(by_scipy(first, second), rel=1e-9)


@pytest.mark.parametrize("count", [30, 300])
def test_distance_to_itself_is_zero_even_if_singular(count):
    moments = Moments.from_features(features(count, 60, 0))
    assert 0 <= frechet_distance(moments, moments) < 1e-12 * np.trace(moments.covariance)


def test_it_is_symmetric_and_accurate_for_singular_covariances():
    """With orthogonal supports the covariances do not overlap, so the traces add up."""
    first, second = np.zeros((50, 400)), np.zeros((60, 400))
    first[:, :200] = features(50, 200, 0)
    second[:, 200:] = features(60, 200, 1)
    one, two = Moments.from_features(first), Moments.from_features(second)
    step = one.mean - two.mean
    expected = step @ step + np.trace(one.covariance) + np.trace(two.covariance)
    assert frechet_distance(one, two) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(two, one) == pytest.approx(expected, rel=1e-12)


def test_moments_agree_with_numpy():
    values = features(2 * BLOCK_ROWS + 77, 6, 3)
    moments = Moments.from_features(values.astype(np.float32))
    assert moments.count == len(values)
    np.testing.assert_allclose(moments.mean, values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(moments.covariance, np.cov(values.T), rtol=1e-5, atol=1e-5)


def test_moments_add_up_and_stay_accurate_for_a_large_mean():
    values = features(999, 6, 3)
    far = values + 1e7
    total = Moments.empty(6)
    for part in np.array_split(far, 7):
        total = total + Moments.from_features(part)
    np.testing.assert_allclose(total.covariance, np.cov(values.T), rtol=1e-6)
    np.testing.assert_allclose(total.mean, far.mean(axis=0), rtol=1e-14)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="^features: .*at least 2 rows"):
        frechet_distance(Moments.from_features(np.zeros((1, 3))), Moments.from_features(np.zeros((5, 3))))
    with pytest.raises(InputError, match="^features: .*one size, got 3 and 4"):
        frechet_distance(Moments.from_features(np.zeros((5, 3))), Moments.from_features(np.zeros((5, 4))))
    with pytest.raises(InputError, match="^features: .*finite"):
        Moments.from_features(np.array([[1.0, np.inf]]))
    with pytest.raises(InputError, match=r"^features: .*\[n, d\]"):
        Moments.from_features(np.zeros((2, 2, 2)))
    with pytest.raises(InputError, match="^moments: are of 3 and 4 numbers"):
        Moments.empty(3) + Moments.empty(4)


@pytest.mark.parametrize("size", [1e155, 1e160, np.inf, np.nan])
def test_features_too_large_to_compute_with_are_named(size):
    features = size * np.random.default_rng(0).normal(size=(50, 3))
    with np.errstate(all="ignore"), pytest.raises(InputError, match="^features: must be finite"):
        frechet_distance(Moments.from_features(features), exact(np.zeros(3), np.eye(3)))
