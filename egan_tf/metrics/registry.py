"""Metrics by name.

A new one is a function from `MetricInputs` to a `Value`, and a name in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from egan_tf.data.mixtures import GaussianMixture
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.frechet import Moments, frechet_distance
from egan_tf.metrics.kernel import SUBSET_SIZE, SUBSETS, kernel_distance
from egan_tf.metrics.mixtures import MMD_BANDWIDTHS, ModeCoverage, mixture_mmd, mode_coverage
from egan_tf.metrics.neighbours import (
    DENSITY_NEIGHBOURS,
    PRECISION_NEIGHBOURS,
    DensityCoverage,
    PrecisionRecall,
    density_coverage,
    precision_recall,
)
from egan_tf.metrics.scores import SPLITS, ClassifierScore


class Value(NamedTuple):
    """What a metric gives: the value, and its standard deviation over parts where it is an average of them."""

    value: float
    deviation: float | None = None


@dataclass(frozen=True)
class SampleStatistics:
    """What was kept of the samples of one side; what no metric asked for is None.

    Attributes:
        count: how many samples.
        moments: of the features.
        features: float32 [count, d]; of points, the points.
        score: the class score.
    """

    count: int
    moments: Moments | None = None
    features: np.ndarray | None = None
    score: ClassifierScore | None = None


@dataclass(frozen=True)
class MetricInputs:
    """What a metric is computed from.

    Attributes:
        real: the real samples.
        fake: the samples that are judged.
        seed: for a metric that chooses at random.
        mixture: the data set, if it is a mixture.
    """

    real: SampleStatistics
    fake: SampleStatistics
    seed: int
    mixture: GaussianMixture | None = None

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """Those of the real samples and of the fakes."""
        assert self.real.features is not None and self.fake.features is not None
        return self.real.features, self.fake.features

    # Metrics that come in pairs are computed in one go, once.

    @cached_property
    def precision_recall(self) -> PrecisionRecall:
        """Precision and recall."""
        return precision_recall(*self.features)

    @cached_property
    def density_coverage(self) -> DensityCoverage:
        """Density and coverage."""
        return density_coverage(*self.features)

    @cached_property
    def modes(self) -> ModeCoverage:
        """Where the fakes lie in the mixture."""
        assert self.mixture is not None and self.fake.features is not None
        return mode_coverage(self.fake.features, self.mixture.modes, self.mixture.sigma)


@dataclass(frozen=True)
class Metric:
    """A metric and how it is reported.

    Attributes:
        compute: the function.
        stem: what its reported name begins with.
        official_stem: the same where the extractor is the official Inception graph.
        protocol: how it is made, in words.
        points: whether it is of points of a mixture, not of images.
        needs: what it takes, some of "moments", "features", "probabilities" (of the fakes).
        knows_real: whether it compares with real samples.
        higher_is_better: which end is the good one.
    """

    compute: Callable[[MetricInputs], Value]
    stem: str
    protocol: str
    needs: frozenset[str]
    official_stem: str = ""
    points: bool = False
    knows_real: bool = True
    higher_is_better: bool = False

    def name(self, extractor: Extractor | None, count: int) -> str:
        """The reported name, such as "fd_fashion_mnist_cnn_10k", for `count` fakes."""
        if extractor is None:
            return self.stem
        if extractor.official and self.official_stem:
            return f"{self.official_stem}_{thousands(count)}"
        return f"{self.stem}_{extractor.name}_{thousands(count)}"


def thousands(count: int) -> str:
    """Returns "10k" for 10,000, and plain digits for what is no multiple of 1,000."""
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)


def _frechet(material: MetricInputs) -> Value:
    assert material.real.moments is not None and material.fake.moments is not None
    return Value(frechet_distance(material.real.moments, material.fake.moments))


def _kernel(material: MetricInputs) -> Value:
    size = min(SUBSET_SIZE, material.real.count, material.fake.count)
    return Value(*kernel_distance(*material.features, material.seed, SUBSETS, size))


def _score(material: MetricInputs) -> Value:
    assert material.fake.score is not None
    return Value(*material.fake.score)


def _mixture_mmd(material: MetricInputs) -> Value:
    assert material.mixture is not None
    return Value(mixture_mmd(*material.features, material.mixture.sigma))


def _of_neighbours(name: str, protocol: str, compute: Callable[[MetricInputs], Value]) -> Metric:
    return Metric(compute, name, protocol, frozenset({"features"}), higher_is_better=True)


def _of_modes(name: str, protocol: str, compute: Callable[[MetricInputs], Value], higher: bool) -> Metric:
    needs = frozenset({"features"})
    return Metric(compute, name, protocol, needs, points=True, knows_real=False, higher_is_better=higher)


_BALLS = f"radius: distance to the {PRECISION_NEIGHBOURS}rd nearest other sample (Kynkäänniemi et al. 2019)"
_REAL_BALLS = f"radius: distance to the {DENSITY_NEIGHBOURS}th nearest other sample (Naeem et al. 2020)"
_WIDTHS = ", ".join(f"{width:g}" for width in MMD_BANDWIDTHS)

METRICS: dict[str, Metric] = {
    "frechet_distance": Metric(
        _frechet,
        "fd",
        "squared Fréchet distance of Gaussians with the samples' means and unbiased covariances, in float64",
        frozenset({"moments"}),
        official_stem="fid",
    ),
    "kernel_distance": Metric(
        _kernel,
        "kd",
        f"unbiased MMD², kernel (x·y/d + 1)³, mean of {SUBSETS} subsets of {SUBSET_SIZE} or as many as there are",
        frozenset({"features"}),
        official_stem="kid",
    ),
    "precision": _of_neighbours(
        "precision",
        f"share of fakes in a real ball; {_BALLS}",
        lambda material: Value(material.precision_recall.precision),
    ),
    "recall": _of_neighbours(
        "recall",
        f"share of real samples in a fake's ball; {_BALLS}",
        lambda material: Value(material.precision_recall.recall),
    ),
    "density": _of_neighbours(
        "density",
        f"real balls around a fake, over {DENSITY_NEIGHBOURS}; {_REAL_BALLS}",
        lambda material: Value(material.density_coverage.density),
    ),
    "coverage": _of_neighbours(
        "coverage",
        f"share of real balls with a fake in them; {_REAL_BALLS}",
        lambda material: Value(material.density_coverage.coverage),
    ),
    "classifier_score": Metric(
        _score,
        "cs",
        f"exp E KL(p(y|x) ‖ p(y)), mean of {SPLITS} consecutive parts",
        frozenset({"probabilities"}),
        official_stem="is",
        knows_real=False,
        higher_is_better=True,
    ),
    "modes_covered": _of_modes(
        "modes_covered",
        "modes with at least 1/5 of count / K samples within 3σ",
        lambda material: Value(float(material.modes.modes_covered)),
        True,
    ),
    "high_quality_share": _of_modes(
        "high_quality_share",
        "share of samples within 3σ of the nearest mode, in Euclidean distance",
        lambda material: Value(material.modes.share_near),
        True,
    ),
    "mode_divergence": _of_modes(
        "mode_divergence",
        "KL divergence of all samples' nearest modes from the uniform distribution, in nats",
        lambda material: Value(material.modes.divergence),
        False,
    ),
    "mixture_mmd": Metric(
        _mixture_mmd,
        "mixture_mmd",
        f"unbiased MMD², Gaussian kernel, mean over bandwidths σ·({_WIDTHS})",
        frozenset({"features"}),
        points=True,
    ),
}
