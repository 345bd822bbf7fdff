"""Computes metrics of samples as records, each of which states its protocol."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.metrics.extractors.base import LARGEST, Extractor
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.measurement import measurement_of
from egan_tf.metrics.reference import load_reference
from egan_tf.metrics.registry import METRICS, Metric, MetricInputs, SampleStatistics
from egan_tf.metrics.scores import ClassifierScoreAccumulator
from egan_tf.metrics.sources import BatchSource
from egan_tf.utils.checks import InputError, integer, one_of, require

COUNT = 10_000
MAX_FEATURES = 4096
"""Of more, covariances and their root would take gigabytes and hours."""
MIN_COUNT = 10
"""The fewest samples that every metric accepts."""
REAL_STREAM = 0x7265616C
"""Makes the real points of a mixture differ from fakes made by `GaussianMixture.sample` with the same seed."""

Record = dict[str, Any]


def evaluate(
    batches: BatchSource,
    dataset: Dataset,
    metrics: Sequence[str],
    *,
    count: int = COUNT,
    real_count: int | None = None,
    seed: int = 0,
    extractor: Extractor | None = None,
    cache_dir: Path | None = None,
    step: int | None = None,
) -> list[Record]:
    """Computes metrics of generated samples. Every sample is drawn once; images are not kept in memory.

    Args:
        batches: the generated samples, in inference mode; see `egan_tf.metrics.sources`.
        dataset: the real samples.
        metrics: names in `METRICS`: metrics of points for a mixture, metrics of images otherwise.
        count: the number of generated samples, at least 10.
        real_count: the number of real samples, at least 10; all, if there are fewer. By default `count`.
        seed: of the noise, and of the subsets that a metric draws.
        extractor: of the features of images; see `egan_tf.metrics.extractors`.
        cache_dir: folder that caches statistics of real images; None for no cache.
        step: the generation, for the record.

    Returns:
        A record for each metric: "metric" (the reported name), "kind" (the name in `METRICS`), "value", "deviation"
        (standard deviation over splits or subsets, or None), "n_real", "n_fake", "dataset", "fingerprint" (of the
        data), "split", "extractor", "extractor_hash", "resize", "protocol", "batchnorm", "seed", "step", "problem". If
        samples are not finite or images out of range, the value overflows, or the metric refuses the features, "value"
        is None and "problem" gives the reason.

    Raises:
        InputError: a metric does not fit the data, their number or the extractor, or the samples have another shape.
    """
    chosen = check_metrics(metrics, dataset, extractor)
    count, seed = integer("count", count, MIN_COUNT), integer("seed", seed, 0)
    real_count = count if real_count is None else integer("real_count", real_count, MIN_COUNT)
    real_needs = _needs(metric for metric in chosen.values() if metric.uses_real)
    real = _real_statistics(dataset, extractor, real_needs, real_count, seed, cache_dir)
    fake = _fake_statistics(_checked(batches, dataset, count, seed), extractor, _needs(chosen.values()), count)
    mixture = dataset if isinstance(dataset, GaussianMixture) else None
    inputs = fake if isinstance(fake, str) else MetricInputs(real, fake, seed, mixture)
    records = []
    for kind, metric in chosen.items():
        how = measurement_of(metric, dataset, extractor, count=count, real_count=real_count, seed=seed)
        records.append({"metric": how["metric"], "kind": kind, **_compute(metric, inputs), **how, "step": step})
    return records


def check_metrics(metrics: Sequence[str], dataset: Dataset, extractor: Extractor | None) -> dict[str, Metric]:
    """Returns the metrics by name.

    Raises:
        InputError: no metric, unknown names, metrics for another kind of data or for more samples than there are, or
            an unsuitable extractor: none for images, one without class probabilities, or one for points.
    """
    require(not isinstance(metrics, str) and len(metrics) > 0, "metrics", "must be at least one name, in a list")
    chosen = {name: METRICS[one_of("metrics", name, METRICS)] for name in metrics}
    is_mixture = isinstance(dataset, GaussianMixture)
    check_counts(metrics, dataset)
    for name, metric in chosen.items():
        kind = "points of a mixture" if metric.points else "images"
        require(metric.points == is_mixture, "metrics", f"{name} is of {kind}, and {dataset.name} holds others")
        if metric.points:
            continue
        require(extractor is not None, "extractor", f"{name} needs one; see egan_tf.metrics.extractors")
        assert extractor is not None
        small = "moments" not in metric.needs or extractor.size <= MAX_FEATURES
        problem = f"{extractor.name} gives {extractor.size:,} features, and {name} takes at most {MAX_FEATURES:,}"
        require(small, "extractor", f"{problem}; take efficientnet_lite0, or kernel_distance")
        valid = "probabilities" not in metric.needs or extractor.classes > 0
        require(valid, "extractor", f"{extractor.name} gives no class probabilities, which {name} needs")
    require(extractor is None or not is_mixture, "extractor", f"must be None for {dataset.name}, which holds points")
    return chosen


def check_counts(metrics: Sequence[str], dataset: Dataset) -> None:
    """Raises `InputError` for metrics that compare with more real images than there are."""
    count = len(dataset.images) if isinstance(dataset, ImageDataset) else None
    for name in metrics:
        if count is not None and METRICS[name].uses_real and count < METRICS[name].min_real:
            least = f"{name} compares with at least {METRICS[name].min_real} images"
            raise InputError("metrics", f"{least}, and {dataset.name} holds {count}; leave it out")


def _needs(metrics: Iterable[Metric]) -> frozenset[str]:
    return frozenset().union(*(metric.needs for metric in metrics))


def _compute(metric: Metric, inputs: MetricInputs | str) -> Record:
    if isinstance(inputs, str):
        return {"value": None, "deviation": None, "problem": inputs}
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            value, deviation = metric.compute(inputs)
    except InputError as error:
        return {"value": None, "deviation": None, "problem": str(error)}
    if not math.isfinite(value):
        return {"value": None, "deviation": None, "problem": "the samples are too large to compute with"}
    return {"value": value, "deviation": deviation, "problem": None}


def _checked(batches: BatchSource, dataset: Dataset, count: int, seed: int) -> Iterator[np.ndarray]:
    """Yields the batches; raises `InputError` unless they have the shape of the data set and `count` rows in all."""
    left = count
    for batch in batches(count, seed):
        shape = tuple(batch.shape[1:])
        require(shape == dataset.shape, "samples", f"must be {list(dataset.shape)} each, got {list(shape)}")
        left -= len(batch)
        require(left >= 0, "samples", f"must be {count}, got at least {count - left}")
        yield batch
    require(left == 0, "samples", f"must be {count}, got {count - left}")


def _fake_statistics(
    batches: Iterator[np.ndarray], extractor: Extractor | None, needs: frozenset[str], count: int
) -> SampleStatistics | str:
    """The statistics that the metrics need, or why the samples have none."""
    moments = Moments.empty(extractor.size) if extractor and "moments" in needs else None
    score = ClassifierScoreAccumulator(count) if "probabilities" in needs else None
    features: np.ndarray | None = None
    start = 0
    for batch in batches:
        problem = _problem(batch, images=extractor is not None)
        if problem:
            return problem
        found, probabilities = extractor.activations(batch) if extractor else (batch, None)
        if moments is not None:
            moments = moments + Moments.from_features(found)
        if "features" in needs:
            # One array for all: concatenating a list of batches would need twice the memory.
            features = np.empty((count, *found.shape[1:]), found.dtype) if features is None else features
            features[start : start + len(found)] = found
            start += len(found)
        if score is not None:
            score.add(probabilities)
    return SampleStatistics(count, moments, features, score.result() if score is not None else None)


def _problem(batch: np.ndarray, images: bool) -> str:
    """Why samples cannot be measured; "" if they can."""
    if not np.isfinite(batch).all():
        return "the samples are not finite numbers"
    low, high = float(batch.min()), float(batch.max())
    if images and max(-low, high) > LARGEST:
        return f"the samples must be in [-1, 1], and are in {low:g} to {high:g}; end the generator in tanh"
    return ""


def _real_statistics(
    dataset: Dataset, extractor: Extractor | None, needs: frozenset[str], count: int, seed: int, folder: Path | None
) -> SampleStatistics:
    if not needs:
        return SampleStatistics(0)
    if isinstance(dataset, GaussianMixture):
        return SampleStatistics(count, features=dataset.sample(count, seed ^ REAL_STREAM))
    if not isinstance(dataset, ImageDataset):
        raise InputError("dataset", f"{dataset.name} holds neither images nor points of a mixture")
    assert extractor is not None
    reference = load_reference(dataset, extractor, count, folder, with_features="features" in needs)
    return SampleStatistics(reference.count, reference.moments, reference.features)
