"""Statistics agree with their closed forms within five or more standard deviations."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.data import GaussianMixture, load
from egan_tf.utils.checks import InputError

COUNT = 50_000
WITHIN_3_SIGMA = 1 - np.exp(-4.5)  # of a round Gaussian in the plane


def drawn(mixture: GaussianMixture, count: int = COUNT, seed: int = 1, step: int = 0) -> np.ndarray:
    return mixture.batches(count, seed)(tf.constant(step, tf.int64), count).numpy()


def sampled(mixture: GaussianMixture) -> np.ndarray:
    return mixture.sample(COUNT, 1)


@pytest.fixture(params=["ring8", "grid25"])
def mixture(request, tmp_path) -> GaussianMixture:
    return load(request.param, tmp_path)


def test_ring8_is_the_authors_ring(tmp_path):
    ring = load("ring8", tmp_path)
    assert ring.modes.shape == (8, 2) and ring.modes.dtype == np.float32
    assert np.allclose(np.hypot(*ring.modes.T), 2 / 1.414)
    assert np.allclose(
        np.linalg.norm(ring.modes - np.roll(ring.modes, 1, axis=0), axis=1), 4 / 1.414 * np.sin(np.pi / 8)
    )
    assert ring.sigma == pytest.approx(0.02 / 1.414)


def test_grid25_is_the_authors_grid(tmp_path):
    grid = load("grid25", tmp_path)
    expected = {(i, j) for i in range(-2, 3) for j in range(-2, 3)}
    assert {tuple(np.round(mode * 2.828 / 2).astype(int)) for mode in grid.modes} == expected
    assert np.allclose(grid.modes * 1.414, np.round(grid.modes * 1.414), atol=1e-6)
    assert grid.sigma == pytest.approx(0.05 / 2.828)


@pytest.mark.parametrize("points_of", [drawn, sampled])
def test_statistics(mixture, points_of):
    points = points_of(mixture)
    assert points.shape == (COUNT, 2) and points.dtype == np.float32
    offsets = points[:, None] - mixture.modes
    distance = np.linalg.norm(offsets, axis=2)
    mode = distance.argmin(axis=1)
    offset = offsets[np.arange(COUNT), mode] / mixture.sigma

    modes = len(mixture.modes)
    share = np.bincount(mode, minlength=modes) / COUNT
    assert np.abs(share - 1 / modes).max() < 6 * np.sqrt(1 / modes / COUNT)

    assert np.abs(offset.mean(axis=0)).max() < 5 / np.sqrt(COUNT)
    assert np.abs(np.cov(offset.T) - np.eye(2)).max() < 5 * np.sqrt(2 / COUNT)
    assert np.abs((offset**4).mean(axis=0) - 3).max() < 5 * np.sqrt(96 / COUNT)
    for index in range(modes):
        assert np.abs(offset[mode == index].mean(axis=0)).max() < 6 / np.sqrt(COUNT / modes / 1.1)

    within = (distance.min(axis=1) < 3 * mixture.sigma).mean()
    assert abs(within - WITHIN_3_SIGMA) < 5 * np.sqrt(WITHIN_3_SIGMA * (1 - WITHIN_3_SIGMA) / COUNT)


@pytest.mark.parametrize("step", [0, 1, 2**40])
def test_xla_draws_the_same_points(mixture, step):
    sample_fn = mixture.batches(1001, seed=5)
    plain, compiled = tf.function(sample_fn), tf.function(sample_fn, jit_compile=True)
    step = tf.constant(step, tf.int64)
    assert np.abs(plain(step) - compiled(step)).max() < 1e-6


def test_sample_fn_works_inside_a_traced_loop(mixture):
    sample_fn = mixture.batches(8, seed=5)

    @tf.function
    def loop() -> tf.Tensor:
        return tf.map_fn(lambda step: sample_fn(step, 8), tf.range(3, dtype=tf.int64), fn_output_signature=tf.float32)

    assert np.allclose(loop(), [drawn(mixture, 8, 5, step) for step in range(3)], atol=1e-6)


def test_steps_and_seeds_are_uncorrelated(mixture):
    """No correlation between the points of neighbouring steps and seeds; 6 standard deviations."""
    first = drawn(mixture, 5000, 1, 0)
    for seed, step in ((1, 1), (2, 0), (0, 1)):
        other = drawn(mixture, 5000, seed, step)
        assert np.abs(np.corrcoef(first.T, other.T)[:2, 2:]).max() < 6 / np.sqrt(5000)


def test_points_are_independent_of_noise_with_the_same_seed_and_step(mixture):
    """The noise predicts the mode of a point no better than chance; 6 standard deviations."""
    count, modes = 5000, len(mixture.modes)
    bits = tf.random.stateless_uniform([count], tf.constant([1, 0], tf.int64), None, None, tf.uint32, alg="philox")
    guess = (bits.numpy() / 2**32 * modes).astype(int)
    mode = np.linalg.norm(drawn(mixture, count, 1, 0)[:, None] - mixture.modes, axis=2).argmin(axis=1)
    assert abs((guess == mode).mean() - 1 / modes) < 6 * np.sqrt(1 / modes / count)


def test_sample_is_a_function_of_the_seed(mixture):
    assert np.array_equal(mixture.sample(10, 1), mixture.sample(10, 1))
    assert not np.array_equal(mixture.sample(10, 1), mixture.sample(10, 2))


@pytest.mark.parametrize(
    "field, modes, sigma",
    [
        ("modes", [[0.0, 1.0, 2.0]], 1.0),
        ("modes", np.zeros((0, 2)), 1.0),
        ("modes", [[0.0, np.nan]], 1.0),
        ("sigma", [[0.0, 1.0]], 0.0),
        ("sigma", [[0.0, 1.0]], float("nan")),
    ],
)
def test_impossible_mixtures_are_refused(field, modes, sigma):
    with pytest.raises(InputError, match=f"^{field}: "):
        GaussianMixture("x", modes, sigma)


@pytest.mark.parametrize("field, arguments", [("count", (0, 1)), ("seed", (1, -1))])
def test_impossible_samples_are_refused(mixture, field, arguments):
    with pytest.raises(InputError, match=f"^{field}: "):
        mixture.sample(*arguments)
