"""Scores from the probabilities that a classifier gives to classes.

Salimans et al. 2016, "Improved Techniques for Training GANs", section 4: exp E KL(p(y|x) ‖ p(y)), from 1, where all
samples look alike to the classifier, to the number of classes. It is called Inception score where the classifier is the
official Inception graph, and nowhere else. It knows no real samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from egan_tf.metrics.arrays import rows
from egan_tf.utils.checks import integer, require

SPLITS = 10
TOLERANCE = 1e-3


class ClassifierScore(NamedTuple):
    """Mean and standard deviation (divided by their number) of the score over consecutive parts of the samples."""

    mean: float
    deviation: float


class ClassifierScoreSum:
    """The class score of samples that come in blocks, whose number is known; memory does not grow with it."""

    def __init__(self, count: int, splits: int = SPLITS) -> None:
        """Takes how many there will be.

        Args:
            count: samples in all.
            splits: parts that are scored on their own, no more than `count`.

        Raises:
            InputError: `count` or `splits` is not such a number.
        """
        self._count, self._splits = integer("count", count), integer("splits", splits)
        require(splits <= count, "splits", f"must be no more than the samples, {count}, got {splits}")
        self._seen = 0
        self._edges = np.arange(splits + 1) * count // splits
        self._entropies = np.zeros(splits)
        self._probabilities: np.ndarray | None = None

    def add(self, probabilities: Any) -> None:
        """Takes the next block.

        Args:
            probabilities: [n, classes], each row adding up to 1.

        Raises:
            InputError: they are no probabilities, too many, or of other classes than before.
        """
        values = rows("probabilities", probabilities).astype(np.float64)
        proper = values.min() >= 0 and np.abs(values.sum(axis=1) - 1).max() < TOLERANCE
        require(bool(proper), "probabilities", "must be at least 0 and add up to 1 in each row")
        if self._probabilities is None:
            self._probabilities = np.zeros((self._splits, values.shape[1]))
        classes = self._probabilities.shape[1]
        require(values.shape[1] == classes, "probabilities", f"must be of {classes} classes, got {values.shape[1]}")
        places = np.arange(self._seen, self._seen + len(values))
        self._seen += len(values)
        require(self._seen <= self._count, "probabilities", f"must be of {self._count} samples, got {self._seen}")
        part = np.searchsorted(self._edges, places, side="right") - 1
        np.add.at(self._probabilities, part, values)
        np.add.at(self._entropies, part, _plogp(values))

    def result(self) -> ClassifierScore:
        """The score.

        Raises:
            InputError: some of the samples have not come.
        """
        require(self._seen == self._count, "probabilities", f"must be of all {self._count} samples, got {self._seen}")
        assert self._probabilities is not None
        sizes = np.diff(self._edges)
        marginals = self._probabilities / sizes[:, None]
        scores = np.exp(self._entropies / sizes - _plogp(marginals))
        return ClassifierScore(float(scores.mean()), float(scores.std()))


def classifier_score(probabilities: Any, splits: int = SPLITS) -> ClassifierScore:
    """Returns the class score of samples that are all there.

    Args:
        probabilities: [n, classes], each row adding up to 1.
        splits: consecutive parts, as even as can be, that are scored on their own; no more than n.

    Raises:
        InputError: they are no probabilities, or fewer than `splits`.
    """
    total = ClassifierScoreSum(len(rows("probabilities", probabilities)), splits)
    total.add(probabilities)
    return total.result()


def _plogp(probabilities: np.ndarray) -> np.ndarray:
    """The sum of p log p over the classes, float64 [n], 0 log 0 being 0."""
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    return (probabilities * logarithms).sum(axis=1)
