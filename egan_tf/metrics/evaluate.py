"""From samples and a data set to records, each of which says how its number was made."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.data.mixtures import GaussianMixture
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.reference import load_reference
from egan_tf.metrics.registry import METRICS, Metric, MetricInputs, SampleStatistics
from egan_tf.metrics.scores import ClassifierScoreSum
from egan_tf.metrics.sources import Blocks
from egan_tf.utils.checks import InputError, integer, one_of, require

COUNT = 10_000
MIN_COUNT = 10
"""Samples that every metric can be computed from."""
REAL_STREAM = 0x7265616C
"""Keeps the real points of a mixture apart from those that a data set's own sampler gives for the same seed."""

Record = dict[str, Any]


def evaluate(
    blocks: Blocks,
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
    """Judges samples by metrics. Each sample is drawn once; images are not kept, features only for metrics of pairs.

    Args:
        blocks: the samples, of a generator in inference mode; see `egan_tf.metrics.sources`.
        dataset: the real samples.
        metrics: names in `METRICS`: for a mixture those of points, otherwise those of images.
        count: samples to judge, at least 10.
        real_count: real samples to compare with, at least 10, or all if there are fewer; by default `count`.
        seed: of the noise, and of what a metric chooses at random.
        extractor: for images; see `egan_tf.metrics.extractors`.
        cache_dir: folder in which what is known of real images is kept; None for nowhere.
        step: the generation, for the record.

    Returns:
        A record for each metric: "metric" (the reported name), "kind" (the name in `METRICS`), "value", "deviation"
        (over parts, or None), "n_real", "n_fake", "dataset", "split", "extractor", "extractor_hash", "resize",
        "protocol", "batchnorm", "seed", "step", "problem". Where samples are not finite numbers, or so large that the
        value is none, the value is None and the problem says why.

    Raises:
        InputError: metrics that do not fit the data or the extractor, or samples of another shape.
    """
    chosen = check_metrics(metrics, dataset, extractor)
    count, seed = integer("count", count, MIN_COUNT), integer("seed", seed, 0)
    real_count = count if real_count is None else integer("real_count", real_count, MIN_COUNT)
    compared = _needs(metric for metric in chosen.values() if metric.knows_real)
    real = _gather_real(dataset, extractor, compared, real_count, seed, cache_dir)
    fake = _gather_fake(_checked(blocks, dataset, count, seed), extractor, _needs(chosen.values()), count)
    mixture = dataset if isinstance(dataset, GaussianMixture) else None
    material = None if fake is None else MetricInputs(real, fake, seed, mixture)
    records = []
    for kind, metric in chosen.items():
        made = _value(metric, material)
        records.append(
            {
                "metric": metric.name(extractor, count),
                "kind": kind,
                **made,
                "n_real": real.count if metric.knows_real else 0,
                "n_fake": count,
                "dataset": dataset.name,
                "split": dataset.split,
                "extractor": extractor.name if extractor else None,
                "extractor_hash": extractor.hash if extractor else None,
                "resize": extractor.resize if extractor else None,
                "protocol": metric.protocol,
                "batchnorm": "inference",
                "seed": seed,
                "step": step,
            }
        )
    return records


def check_metrics(metrics: Sequence[str], dataset: Dataset, extractor: Extractor | None) -> dict[str, Metric]:
    """Returns the metrics of these names, or refuses those that do not fit the data set or the extractor.

    Raises:
        InputError: no metric, unknown names, metrics of other data, or an extractor that does not fit them: none for
            images, one without classes, or one for points.
    """
    require(not isinstance(metrics, str) and len(metrics) > 0, "metrics", "must be at least one name, in a list")
    chosen = {name: METRICS[one_of("metrics", name, METRICS)] for name in metrics}
    points = isinstance(dataset, GaussianMixture)
    for name, metric in chosen.items():
        kind = "points of a mixture" if metric.points else "images"
        require(metric.points == points, "metrics", f"{name} is of {kind}, and {dataset.name} holds others")
        if metric.points:
            continue
        require(extractor is not None, "extractor", f"{name} needs one; see egan_tf.metrics.extractors")
        assert extractor is not None
        able = "probabilities" not in metric.needs or extractor.classes > 0
        require(able, "extractor", f"{extractor.name} gives no class probabilities, which {name} needs")
    require(extractor is None or not points, "extractor", f"must be None for {dataset.name}, which holds points")
    return chosen


def _needs(metrics: Iterable[Metric]) -> frozenset[str]:
    return frozenset().union(*(metric.needs for metric in metrics))


def _value(metric: Metric, material: MetricInputs | None) -> Record:
    if material is None:
        return {"value": None, "deviation": None, "problem": "the samples are not finite numbers"}
    with np.errstate(over="ignore", invalid="ignore"):
        value, deviation = metric.compute(material)
    if not math.isfinite(value):
        return {"value": None, "deviation": None, "problem": "the samples are too large to compute with"}
    return {"value": value, "deviation": deviation, "problem": None}


def _checked(blocks: Blocks, dataset: Dataset, count: int, seed: int) -> Iterator[np.ndarray]:
    """The blocks, of the data set's shape and `count` in all."""
    left = count
    for block in blocks(count, seed):
        shape = tuple(block.shape[1:])
        require(shape == dataset.shape, "samples", f"must be {list(dataset.shape)} each, got {list(shape)}")
        left -= len(block)
        require(left >= 0, "samples", f"must be {count}, got at least {count - left}")
        yield block
    require(left == 0, "samples", f"must be {count}, got {count - left}")


def _gather_fake(
    blocks: Iterator[np.ndarray], extractor: Extractor | None, needs: frozenset[str], count: int
) -> SampleStatistics | None:
    """What the metrics need of the samples, or None where some are not finite."""
    moments = Moments.none(extractor.size) if extractor and "moments" in needs else None
    score = ClassifierScoreSum(count) if "probabilities" in needs else None
    features: np.ndarray | None = None
    start = 0
    for block in blocks:
        if not np.isfinite(block).all():
            return None
        found, probabilities = extractor.activations(block) if extractor else (block, None)
        if moments is not None:
            moments = moments + Moments.of(found)
        if "features" in needs:
            # Room for all at once: a list of parts would need it twice in the end.
            features = np.empty((count, *found.shape[1:]), found.dtype) if features is None else features
            features[start : start + len(found)] = found
            start += len(found)
        if score is not None:
            score.add(probabilities)
    return SampleStatistics(count, moments, features, score.result() if score is not None else None)


def _gather_real(
    dataset: Dataset, extractor: Extractor | None, needs: frozenset[str], count: int, seed: int, folder: Path | None
) -> SampleStatistics:
    if not needs:
        return SampleStatistics(0)
    if isinstance(dataset, GaussianMixture):
        return SampleStatistics(count, features=dataset.sample(count, seed ^ REAL_STREAM))
    if not isinstance(dataset, ImageDataset):
        raise InputError("dataset", f"{dataset.name} holds neither images nor points of a mixture")
    assert extractor is not None
    found = load_reference(dataset, extractor, count, folder, with_features="features" in needs)
    return SampleStatistics(found.count, found.moments, found.features)
