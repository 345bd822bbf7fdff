from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances

from egan_tf.metrics.arrays import squared_distances
from egan_tf.metrics.kernel import squared_mmd
from egan_tf.metrics.neighbours import density_coverage, precision_recall, squared_radii
from egan_tf.utils.checks import InputError

RANDOM = np.random.default_rng(4)
REAL = RANDOM.normal(size=(90, 5)).astype("float32")
FAKE = (1.1 * RANDOM.normal(size=(60, 5)) + 0.8).astype("float32")


def balls(values: np.ndarray, k: int) -> np.ndarray:
    return np.sort(pairwise_distances(values.astype(float)), axis=1)[:, k]


@pytest.mark.parametrize("block", [1, 13, 64, 1000])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_agreement_with_the_definition_for_every_block_size(k, block):
    between = pairwise_distances(REAL.astype(float), FAKE.astype(float))
    in_real, in_fake = between <= balls(REAL, k)[:, None], between <= balls(FAKE, k)
    result = precision_recall(REAL, FAKE, k, block)
    assert result.precision == pytest.approx(in_real.any(axis=0).mean())
    assert result.recall == pytest.approx(in_fake.any(axis=1).mean())
    assert 0.1 < result.recall < 0.9 and 0.1 < result.precision < 0.99
    other = density_coverage(REAL, FAKE, k, block)
    assert other.density == pytest.approx(in_real.sum() / (k * len(FAKE)))
    assert other.coverage == pytest.approx(in_real.any(axis=1).mean())
    np.testing.assert_allclose(np.sqrt(squared_radii(REAL, k, block)), balls(REAL, k), rtol=1e-6)


def test_the_real_samples_compared_with_themselves():
    """Every ball contains k + 1 samples, its centre included."""
    assert precision_recall(REAL, REAL) == (1, 1)
    result = density_coverage(REAL, REAL, k=5)
    assert result.coverage == 1 and result.density == pytest.approx(6 / 5)


def test_distant_fakes_score_zero():
    assert precision_recall(REAL, FAKE + 100) == (0, 0)
    assert density_coverage(REAL, FAKE + 100) == (0, 0)


def test_mode_collapse_lowers_recall_and_coverage_but_not_precision():
    collapsed = np.repeat(REAL[:2], 30, axis=0)
    assert precision_recall(REAL, collapsed) == (1, 2 / 90)
    result = density_coverage(REAL, collapsed)
    assert result.coverage < 0.3 and result.density > 0


def test_density_is_robust_to_an_outlier_that_inflates_precision():
    """One distant real sample has a huge ball, which makes bad fakes precise."""
    real = np.concatenate([REAL, np.full((1, 5), 20.0)])
    fake = FAKE + 10
    assert precision_recall(real, fake).precision > 0.9
    assert density_coverage(real, fake).density < 0.25


def test_copies_of_an_image_lie_in_its_ball_of_radius_zero():
    """The expansion of ‖x − y‖² has a rounding error for equal rows, of either sign."""
    values = 1000 * RANDOM.normal(size=(200, 300)) + 500
    np.testing.assert_array_equal(np.diag(squared_distances(values, values[:100])), 0)
    close = values + 1e-3 * RANDOM.normal(size=values.shape)
    np.testing.assert_allclose(
        np.diag(squared_distances(values, close)), np.square(values - close).sum(axis=1), rtol=0.01
    )
    real = np.concatenate([np.repeat(values[:1], 8, axis=0), values[1:21]])
    assert precision_recall(real, np.repeat(values[:1], 9, axis=0)).precision == 1
    assert (squared_radii(real, 3)[:8] == 0).all()


@pytest.mark.parametrize("metric", [precision_recall, density_coverage, squared_mmd])
def test_memory_is_bounded_by_the_block_size(metric):
    """All distances of 2,000 and 2,000 rows would take 32 MB."""
    values = RANDOM.normal(size=(2000, 8)).astype("float32")
    tracemalloc.start()
    metric(values, values + 1, block=128)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


@pytest.mark.parametrize(
    "call, field",
    [
        (lambda: precision_recall(REAL[:3], FAKE), "real"),
        (lambda: precision_recall(REAL, FAKE[:3]), "fake"),
        (lambda: precision_recall(REAL, FAKE, k=0), "k"),
        (lambda: density_coverage(REAL[:5], FAKE), "real"),
        (lambda: density_coverage(REAL, FAKE[:0]), "fake"),
        (lambda: density_coverage(REAL, FAKE[:, 1:]), "fake"),
        (lambda: density_coverage(REAL, FAKE * np.inf), "fake"),
        (lambda: squared_radii(REAL[:4], 4), "values"),
    ],
)
def test_bad_input_is_named(call, field):
    with pytest.raises(InputError, match=f"^{field}: "):
        call()
