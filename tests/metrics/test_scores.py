from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from egan_tf.metrics.scores import ClassifierScoreAccumulator, classifier_score
from egan_tf.utils.checks import InputError

RANDOM = np.random.default_rng(5)
PROBABILITIES = RANDOM.dirichlet(np.full(6, 0.3), size=101)


def test_certain_and_uniform_predictions_score_the_number_of_classes():
    assert classifier_score(np.tile(np.eye(6), (10, 1)), splits=5).mean == pytest.approx(6)


def test_one_class_or_uncertain_predictions_score_one():
    assert classifier_score(np.tile(np.eye(6)[:1], (20, 1))).mean == pytest.approx(1)
    assert classifier_score(np.full((20, 6), 1 / 6)).mean == pytest.approx(1)


def test_it_agrees_with_the_entropy_of_scipy():
    marginal = PROBABILITIES.mean(axis=0)
    expected = np.exp(np.mean([entropy(row, marginal) for row in PROBABILITIES]))
    result = classifier_score(PROBABILITIES, splits=1)
    assert result.mean == pytest.approx(expected, rel=1e-12) and result.deviation == 0
    assert 2 < result.mean < 6


@pytest.mark.parametrize("sizes", [[101], [1, 100], [30, 30, 41], [1] * 101])
def test_the_batch_size_makes_no_difference(sizes):
    total = ClassifierScoreAccumulator(101, splits=7)
    for block in np.split(PROBABILITIES, np.cumsum(sizes)[:-1]):
        total.add(block)
    assert total.result() == pytest.approx(classifier_score(PROBABILITIES, splits=7), rel=1e-12)


def test_bad_input_is_named():
    with pytest.raises(InputError, match="^probabilities: .*add up to 1"):
        classifier_score(PROBABILITIES + 0.1)
    with pytest.raises(InputError, match="^probabilities: .*add up to 1"):
        classifier_score(np.array([[1.5, -0.5]]), splits=1)
    with pytest.raises(InputError, match="^splits: .*no more than the samples, 5, got 10"):
        classifier_score(PROBABILITIES[:5])
    total = ClassifierScoreAccumulator(20, splits=2)
    total.add(PROBABILITIES[:15])
    with pytest.raises(InputError, match="^probabilities: .*all 20 samples, got 15"):
        total.result()
    with pytest.raises(InputError, match="^probabilities: .*6 classes, got 3"):
        total.add(np.eye(3))
    with pytest.raises(InputError, match="^probabilities: .*20 samples, got 25"):
        total.add(PROBABILITIES[:10])
