from __future__ import annotations

import numpy as np
import pytest

from egan_tf.data import GaussianMixture, load
from egan_tf.metrics.mixtures import mixture_mmd, mode_coverage
from egan_tf.utils.checks import InputError

COUNT = 20_000
WITHIN = 1 - np.exp(-4.5)


@pytest.fixture(params=["ring8", "grid25"])
def mixture(request, tmp_path) -> GaussianMixture:
    return load(request.param, tmp_path)


def coverage(mixture, samples):
    return mode_coverage(samples, mixture.modes, mixture.sigma)


def test_a_perfect_generator(mixture):
    result = coverage(mixture, mixture.sample(COUNT, seed=5))
    assert result.modes_covered == len(mixture.modes)
    assert result.high_quality_share == pytest.approx(WITHIN, abs=5 * np.sqrt(WITHIN * (1 - WITHIN) / COUNT))
    # 2n times the divergence is chi-squared with K − 1 degrees of freedom.
    freedom = len(mixture.modes) - 1
    assert 0 <= 2 * COUNT * result.divergence < freedom + 6 * np.sqrt(2 * freedom)


def test_a_single_mode(mixture):
    points = mixture.modes[3] + 0.1 * mixture.sigma * np.random.default_rng(0).normal(size=(500, 2))
    result = coverage(mixture, points)
    assert result.modes_covered == 1 and result.high_quality_share == 1
    assert result.divergence == pytest.approx(np.log(len(mixture.modes)))


def test_the_three_standard_deviations_are_a_euclidean_distance():
    """Not along each axis: (2.5, 2.5) σ is 3.54 σ away."""
    points = np.array([[2.99, 0], [0, -2.99], [3.01, 0], [2.5, 2.5], [2.1, 2.1]]) * 0.1
    result = mode_coverage(points, [[0.0, 0.0]], 0.1)
    assert result.high_quality.tolist() == [3] and result.high_quality_share == 0.6


@pytest.mark.parametrize("near, covered", [(4, 2), (3, 1)])
def test_a_mode_is_covered_from_a_fifth_of_an_equal_share(near, covered):
    """40 samples, 2 modes: an equal share is 20, a fifth of it 4; samples far from the mode do not count."""
    points = np.zeros((40, 2))
    points[:10] = [10, 0.5]
    points[:near] = [10, 0]
    result = mode_coverage(points, [[0.0, 0.0], [10.0, 0.0]], 0.1)
    assert result.modes_covered == covered
    assert result.total.tolist() == [30, 10] and result.high_quality.tolist() == [30, near]


def test_divergence_by_definition():
    points = np.repeat([[0.0, 0.0], [10.0, 0.0]], [30, 10], axis=0)
    result = mode_coverage(points, [[0, 0], [10, 0], [0, 10.0]], 0.1)
    assert result.divergence == pytest.approx(0.75 * np.log(0.75 * 3) + 0.25 * np.log(0.25 * 3))


def test_coverages_of_batches_add_up(mixture):
    points = mixture.sample(5000, 1)
    whole, parts = coverage(mixture, points), coverage(mixture, points[:777]) + coverage(mixture, points[777:])
    assert np.array_equal(whole.high_quality, parts.high_quality) and np.array_equal(whole.total, parts.total)


def test_mmd_detects_a_missing_mode_and_a_wrong_width(mixture):
    real, fresh = mixture.sample(3000, 0), mixture.sample(3000, 1)
    # For samples of one distribution the estimate's standard deviation falls as 1 / n.
    pairs = [(mixture.sample(1000, 2 * i), mixture.sample(1000, 2 * i + 1)) for i in range(20)]
    noise = np.std([mixture_mmd(*pair, mixture.sigma) for pair in pairs]) / 3
    missing = fresh[np.linalg.norm(fresh - mixture.modes[0], axis=1) > 5 * mixture.sigma]
    centre = mixture.modes[np.linalg.norm(fresh[:, None] - mixture.modes, axis=2).argmin(axis=1)]
    assert abs(mixture_mmd(real, fresh, mixture.sigma)) < 3 * noise
    for wrong in (missing, centre + 2 * (fresh - centre)):
        assert mixture_mmd(real, wrong, mixture.sigma) > 5 * noise


@pytest.mark.parametrize(
    "samples, modes, sigma, field",
    [
        (np.zeros((0, 2)), np.zeros((3, 2)), 1.0, "samples"),
        (np.full((4, 2), np.nan), np.zeros((3, 2)), 1.0, "samples"),
        (np.zeros((4, 3)), np.zeros((3, 2)), 1.0, "samples"),
        (np.zeros((4, 2)), np.zeros((0, 2)), 1.0, "modes"),
        (np.zeros((4, 2)), np.zeros((3, 2)), 0.0, "sigma"),
    ],
)
def test_bad_input_is_named(samples, modes, sigma, field):
    with pytest.raises(InputError, match=f"^{field}: "):
        mode_coverage(samples, modes, sigma)
