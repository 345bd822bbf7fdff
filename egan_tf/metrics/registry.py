"""Metrics by name. To add one, write a function from `MetricInputs` to a `MetricValue` and name it in `METRICS`."""

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


class MetricValue(NamedTuple):
    """The value of a metric, and its standard deviation over splits or subsets if it is their mean."""

    value: float
    deviation: float | None = None


@dataclass(frozen=True)
class SampleStatistics:
    """Statistics of the real or the generated samples; None for those that no metric needs.

    Attributes:
        count: the number of samples.
        moments: of the features.
        features: float32 [count, d]; for points, the points.
        score: the classifier score.
    """

    count: int
    moments: Moments | None = None
    features: np.ndarray | None = None
    score: ClassifierScore | None = None


@dataclass(frozen=True)
class MetricInputs:
    """The inputs of a metric.

    Attributes:
        real: statistics of the real samples.
        fake: statistics of the generated samples.
        seed: for metrics that draw subsets.
        mixture: the data set, if it is a mixture.
    """

    real: SampleStatistics
    fake: SampleStatistics
    seed: int
    mixture: GaussianMixture | None = None

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """The features of the real and of the generated samples."""
        assert self.real.features is not None and self.fake.features is not None
        return self.real.features, self.fake.features

    # Cached, because two metrics share each of them.

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
        """The generated samples by nearest mode."""
        assert self.mixture is not None and self.fake.features is not None
        return mode_coverage(self.fake.features, self.mixture.modes, self.mixture.sigma)


@dataclass(frozen=True)
class Metric:
    """A metric and how it is reported.

    Attributes:
        compute: the function.
        prefix: of the reported name.
        protocol: how the value is computed, in words, for the record.
        needs: the statistics that it reads, some of "moments", "features", "probabilities" (of the fakes).
        inception_prefix: of the reported name if the extractor is the official Inception graph.
        points: True for points of a mixture, False for images.
        uses_real: True if it compares with real samples.
        min_real: the fewest real samples that it compares with.
        higher_is_better: True if larger values are better.
    """

    compute: Callable[[MetricInputs], MetricValue]
    prefix: str
    protocol: str
    needs: frozenset[str]
    inception_prefix: str = ""
    points: bool = False
    uses_real: bool = True
    min_real: int = 2
    higher_is_better: bool = False

    @property
    def summary(self) -> str:
        """One line for lists."""
        return self.protocol

    def reported_name(self, extractor: Extractor | None, count: int) -> str:
        """The name in records, such as "fd_fashion_mnist_cnn_10k", for `count` fakes."""
        if extractor is None:
            return self.prefix
        if extractor.official and self.inception_prefix:
            return f"{self.inception_prefix}_{format_count(count)}"
        return f"{self.prefix}_{extractor.name}_{format_count(count)}"


def format_count(count: int) -> str:
    """Formats 10,000 as "10k", and numbers that are no multiples of 1,000 as plain digits."""
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)


def _frechet_distance(inputs: MetricInputs) -> MetricValue:
    assert inputs.real.moments is not None and inputs.fake.moments is not None
    return MetricValue(frechet_distance(inputs.real.moments, inputs.fake.moments))


def _kernel_distance(inputs: MetricInputs) -> MetricValue:
    size = min(SUBSET_SIZE, inputs.real.count, inputs.fake.count)
    return MetricValue(*kernel_distance(*inputs.features, inputs.seed, SUBSETS, size))


def _classifier_score(inputs: MetricInputs) -> MetricValue:
    assert inputs.fake.score is not None
    return MetricValue(*inputs.fake.score)


def _mixture_mmd(inputs: MetricInputs) -> MetricValue:
    assert inputs.mixture is not None
    return MetricValue(mixture_mmd(*inputs.features, inputs.mixture.sigma))


def _neighbour_metric(
    name: str, protocol: str, compute: Callable[[MetricInputs], MetricValue], neighbours: int
) -> Metric:
    needs = frozenset({"features"})
    return Metric(compute, name, protocol, needs, min_real=neighbours + 1, higher_is_better=True)


def _mode_metric(name: str, protocol: str, compute: Callable[[MetricInputs], MetricValue], higher: bool) -> Metric:
    needs = frozenset({"features"})
    return Metric(compute, name, protocol, needs, points=True, uses_real=False, higher_is_better=higher)


_PRECISION_BALLS = f"radius: distance to the {PRECISION_NEIGHBOURS}rd nearest other sample (Kynkäänniemi et al. 2019)"
_DENSITY_BALLS = f"radius: distance to the {DENSITY_NEIGHBOURS}th nearest other sample (Naeem et al. 2020)"
_WIDTHS = ", ".join(f"{width:g}" for width in MMD_BANDWIDTHS)

METRICS: dict[str, Metric] = {
    "frechet_distance": Metric(
        _frechet_distance,
        "fd",
        "squared Fréchet distance of Gaussians with the samples' means and unbiased covariances, in float64",
        frozenset({"moments"}),
        inception_prefix="fid",
    ),
    "kernel_distance": Metric(
        _kernel_distance,
        "kd",
        f"unbiased MMD², kernel (x·y/d + 1)³, mean of {SUBSETS} subsets of {SUBSET_SIZE} or as many as there are",
        frozenset({"features"}),
        inception_prefix="kid",
    ),
    "precision": _neighbour_metric(
        "precision",
        f"share of fakes in a real ball; {_PRECISION_BALLS}",
        lambda inputs: MetricValue(inputs.precision_recall.precision),
        PRECISION_NEIGHBOURS,
    ),
    "recall": _neighbour_metric(
        "recall",
        f"share of real samples in a fake's ball; {_PRECISION_BALLS}",
        lambda inputs: MetricValue(inputs.precision_recall.recall),
        PRECISION_NEIGHBOURS,
    ),
    "density": _neighbour_metric(
        "density",
        f"real balls around a fake, over {DENSITY_NEIGHBOURS}; {_DENSITY_BALLS}",
        lambda inputs: MetricValue(inputs.density_coverage.density),
        DENSITY_NEIGHBOURS,
    ),
    "coverage": _neighbour_metric(
        "coverage",
        f"share of real balls with a fake in them; {_DENSITY_BALLS}",
        lambda inputs: MetricValue(inputs.density_coverage.coverage),
        DENSITY_NEIGHBOURS,
    ),
    "classifier_score": Metric(
        _classifier_score,
        "cs",
        f"exp E KL(p(y|x) ‖ p(y)), mean of {SPLITS} consecutive parts",
        frozenset({"probabilities"}),
        inception_prefix="is",
        uses_real=False,
        higher_is_better=True,
    ),
    "modes_covered": _mode_metric(
        "modes_covered",
        "modes with at least 1/5 of count / K samples within 3σ",
        lambda inputs: MetricValue(float(inputs.modes.modes_covered)),
        True,
    ),
    "high_quality_share": _mode_metric(
        "high_quality_share",
        "share of samples within 3σ of the nearest mode, in Euclidean distance",
        lambda inputs: MetricValue(inputs.modes.high_quality_share),
        True,
    ),
    "mode_divergence": _mode_metric(
        "mode_divergence",
        "KL divergence of all samples' nearest modes from the uniform distribution, in nats",
        lambda inputs: MetricValue(inputs.modes.divergence),
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
