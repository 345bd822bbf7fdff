from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from egan_tf.metrics.kernel import cubic_kernel, gaussian_kernel, kernel_distance, squared_mmd
from egan_tf.utils.checks import InputError

RANDOM = np.random.default_rng(3)
REAL = RANDOM.normal(size=(70, 6)).astype("float32")
FAKE = (0.8 * RANDOM.normal(size=(45, 6)) + 0.3).astype("float32")


def by_definition(within_real: np.ndarray, within_fake: np.ndarray, between: np.ndarray) -> float:
    n, m = between.shape
    return (
        (within_real.sum() - np.trace(within_real)) / (n * (n - 1))
        + (within_fake.sum() - np.trace(within_fake)) / (m * (m - 1))
        - 2 * between.mean()
    )


@pytest.mark.parametrize("block", [1, 7, 16, 64, 1000])
def test_cubic_mmd_agrees_with_scikit_learn(block):
    def kernel(x, y):
        return polynomial_kernel(x.astype(float), y.astype(float), degree=3, gamma=1 / 6, coef0=1)

    expected = by_definition(kernel(REAL, REAL), kernel(FAKE, FAKE), kernel(REAL, FAKE))
    assert squared_mmd(REAL, FAKE, block=block) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("block", [1, 16, 1000])
def test_gaussian_mmd_agrees_with_scikit_learn(block):
    def kernel(x, y):
        x, y = x.astype(float), y.astype(float)
        return (rbf_kernel(x, y, gamma=1 / (2 * 0.5**2)) + rbf_kernel(x, y, gamma=1 / (2 * 3.0**2))) / 2

    expected = by_definition(kernel(REAL, REAL), kernel(FAKE, FAKE), kernel(REAL, FAKE))
    assert squared_mmd(REAL, FAKE, gaussian_kernel([0.5, 3.0]), block) == pytest.approx(expected, rel=1e-9)


def test_mmd_is_unbiased():
    """For pairs of samples of one distribution the mean is 0 within five standard errors; the biased one is not."""
    random = np.random.default_rng(0)
    values = [squared_mmd(*random.normal(size=(2, 20, 3))) for _ in range(400)]
    assert abs(np.mean(values)) < 5 * np.std(values) / 20
    biased = np.mean([cubic_kernel(x, x).trace() / 20**2 for x in random.normal(size=(50, 20, 3))])
    assert biased > 10 * np.std(values) / 20


def test_gaussian_mmd_of_two_gaussians_in_closed_form():
    """E k(x, y) of N(0, s²) and N(m, s²) in d dimensions is (b²/(b² + 2s²))^(d/2) exp(−m²/(2(b² + 2s²)))."""
    random, count, shift, bandwidth = np.random.default_rng(1), 4000, 1.5, 0.8
    real, fake = random.normal(size=(2, count, 2))
    fake[:, 0] += shift
    scale = bandwidth**2 + 2
    expected = 2 * (bandwidth**2 / scale) * (1 - np.exp(-(shift**2) / (2 * scale)))
    assert squared_mmd(real, fake, gaussian_kernel([bandwidth])) == pytest.approx(expected, rel=0.04)


def test_subsets_of_all_samples_give_the_full_mmd_once():
    calls = []

    def kernel(x, y):
        calls.append(len(x))
        return cubic_kernel(x, y)

    result = kernel_distance(REAL[:45], FAKE, seed=0, subsets=3, subset_size=45, kernel=kernel)
    assert result.mean == pytest.approx(squared_mmd(REAL[:45], FAKE), rel=1e-9)
    assert result.deviation is None
    assert calls == [45] * 3  # within both, and between


def test_a_single_pair_of_subsets_has_no_deviation():
    assert kernel_distance(REAL, FAKE, seed=0, subsets=1, subset_size=20).deviation is None
    assert kernel_distance(REAL, FAKE, seed=0, subsets=2, subset_size=45).deviation > 0  # real rows are drawn


def test_the_subsets_depend_on_the_seed():
    first, again, other = (kernel_distance(REAL, FAKE, seed, subsets=5, subset_size=20) for seed in (1, 1, 2))
    assert first == again != other
    many = kernel_distance(REAL, FAKE, 0, subsets=2000, subset_size=20)
    assert abs(many.mean - squared_mmd(REAL, FAKE)) < 5 * many.deviation / np.sqrt(2000)


@pytest.mark.parametrize(
    "call, field",
    [
        (lambda: squared_mmd(REAL[:1], FAKE), "real"),
        (lambda: squared_mmd(REAL, FAKE[:1]), "fake"),
        (lambda: squared_mmd(REAL, FAKE[:, :3]), "fake"),
        (lambda: squared_mmd(REAL, FAKE.ravel()), "fake"),
        (lambda: squared_mmd(REAL, np.where(FAKE > 1, np.nan, FAKE)), "fake"),
        (lambda: squared_mmd(REAL, FAKE.astype(str)), "fake"),
        (lambda: kernel_distance(REAL, FAKE, 0, subset_size=46), "fake"),
        (lambda: kernel_distance(REAL, FAKE, 0, subset_size=1), "subset_size"),
        (lambda: kernel_distance(REAL, FAKE, -1, subset_size=9), "seed"),
        (lambda: gaussian_kernel([]), "bandwidths"),
        (lambda: gaussian_kernel([1.0, 0.0]), "bandwidths"),
    ],
)
def test_bad_input_is_named(call, field):
    with pytest.raises(InputError, match=f"^{field}: "):
        call()
