"""The classifier score: how certain and how diverse a classifier finds samples.

Salimans et al. 2016, "Improved Techniques for Training GANs", section 4: exp E KL(p(y|x) ‖ p(y)), from 1, if all
samples look alike to the classifier, to the number of classes. Only with the official Inception graph is it called
Inception score. It does not depend on real samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from egan_tf.metrics.arrays import check_rows
from egan_tf.utils.checks import integer, require

SPLITS = 10
TOLERANCE = 1e-3


class ClassifierScore(NamedTuple):
    """Mean and population standard deviation of the score over consecutive splits of the samples."""

    mean: float
    deviation: float


class ClassifierScoreAccumulator:
    """The classifier score of a known number of samples that come in batches; memory does not grow with the number."""

    def __init__(self, count: int, splits: int = SPLITS) -> None:
        """Sets up the splits.

        Args:
            count: the number of samples in all.
            splits: the number of consecutive splits, scored separately; at most `count`.

        Raises:
            InputError: `count` or `splits` is invalid.
        """
        self._count, self._splits = integer("count", count), integer("splits", splits)
        require(splits <= count, "splits", f"must be no more than the samples, {count}, got {splits}")
        self._seen = 0
        self._edges = np.arange(splits + 1) * count // splits
        self._entropies = np.zeros(splits)
        self._probabilities: np.ndarray | None = None

    def add(self, probabilities: Any) -> None:
        """Adds the next batch.

        Args:
            probabilities: [n, classes]; each row sums to 1.

        Raises:
            InputError: they are no probabilities, too many, or for another number of classes.
        """
        values = check_rows("probabilities", probabilities).astype(np.float64)
        valid = values.min() >= 0 and np.abs(values.sum(axis=1) - 1).max() < TOLERANCE
        require(bool(valid), "probabilities", "must be at least 0 and add up to 1 in each row")
        if self._probabilities is None:
            self._probabilities = np.zeros((self._splits, values.shape[1]))
        classes = self._probabilities.shape[1]
        require(values.shape[1] == classes, "probabilities", f"must be of {classes} classes, got {values.shape[1]}")
        indices = np.arange(self._seen, self._seen + len(values))
        self._seen += len(values)
        require(self._seen <= self._count, "probabilities", f"must be of {self._count} samples, got {self._seen}")
        split = np.searchsorted(self._edges, indices, side="right") - 1
        np.add.at(self._probabilities, split, values)
        np.add.at(self._entropies, split, _plogp(values))

    def result(self) -> ClassifierScore:
        """The score of all samples.

        Raises:
            InputError: fewer samples were added than announced.
        """
        require(self._seen == self._count, "probabilities", f"must be of all {self._count} samples, got {self._seen}")
        assert self._probabilities is not None
        sizes = np.diff(self._edges)
        marginals = self._probabilities / sizes[:, None]
        scores = np.exp(self._entropies / sizes - _plogp(marginals))
        return ClassifierScore(float(scores.mean()), float(scores.std()))


def classifier_score(probabilities: Any, splits: int = SPLITS) -> ClassifierScore:
    """The classifier score of samples.

    Args:
        probabilities: [n, classes]; each row sums to 1.
        splits: the number of consecutive splits of nearly equal size, scored separately; at most n.

    Raises:
        InputError: they are no probabilities, or fewer rows than `splits`.
    """
    accumulator = ClassifierScoreAccumulator(len(check_rows("probabilities", probabilities)), splits)
    accumulator.add(probabilities)
    return accumulator.result()


def _plogp(probabilities: np.ndarray) -> np.ndarray:
    """Σ p log p over the classes, float64 [n], with 0 log 0 = 0."""
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return (probabilities * logarithms).sum(axis=1)
