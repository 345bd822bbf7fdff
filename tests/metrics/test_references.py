"""Agreement with other implementations on the same features; tests/fixtures/metrics names them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from egan_tf.metrics.frechet import Moments, frechet_distance
from egan_tf.metrics.kernel import squared_mmd
from egan_tf.metrics.neighbours import density_coverage, precision_recall
from egan_tf.metrics.scores import classifier_score

FOLDER = Path(__file__).parents[1] / "fixtures" / "metrics"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
with np.load(FOLDER / "inputs.npz") as _inputs:
    REAL, FAKE, LOGITS = (_inputs[name] for name in ("real", "fake", "logits"))


def test_frechet_distance():
    assert frechet_distance(Moments.from_features(REAL), Moments.from_features(FAKE)) == pytest.approx(
        EXPECTED["fid"], rel=1e-6
    )


def test_kernel_distance():
    assert squared_mmd(REAL[:200], FAKE) == pytest.approx(EXPECTED["kid"], rel=1e-6)


@pytest.mark.parametrize("k", [3, 5])
def test_neighbours(k):
    found = {**precision_recall(REAL, FAKE, k)._asdict(), **density_coverage(REAL, FAKE, k)._asdict()}
    assert found == pytest.approx(EXPECTED[f"prdc_{k}"], rel=1e-9)


def test_precision_and_recall_by_torch_fidelity():
    found = precision_recall(REAL, FAKE, 3)._asdict()
    assert found == pytest.approx({name: EXPECTED["prc_3"][name] for name in found}, rel=1e-6)


def test_classifier_score():
    found = classifier_score(softmax(LOGITS.astype(float), axis=1), splits=10)
    assert found.mean == pytest.approx(EXPECTED["isc"]["inception_score_mean"], rel=1e-6)
    assert found.deviation == pytest.approx(EXPECTED["isc"]["inception_score_std"], rel=1e-6)
