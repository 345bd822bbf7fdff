"""How a value of a metric was measured: the entries of its record on which a comparison with another value depends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.registry import Metric

Measurement = Mapping[str, Any]

ENTRIES = (
    *("metric", "n_real", "n_fake", "dataset", "fingerprint", "split", "extractor", "extractor_hash", "resize"),
    *("protocol", "batchnorm", "seed"),
)
"""Values compare only if their records have the same of each."""


def alike(one: Measurement | None, other: Measurement | None) -> bool:
    """Whether values with these measurements compare: no entry that both have differs.

    Records of older versions lack some entries. None, a measurement that is unknown, is like another unknown one only.
    """
    if one is None or other is None:
        return one is other
    return all(other[name] == value for name, value in one.items() if name in other)


def measurement_of(
    metric: Metric, dataset: Dataset, extractor: Extractor | None, *, count: int, real_count: int, seed: int
) -> dict[str, Any]:
    """The `ENTRIES` of a record, known before anything is computed.

    Args:
        metric: the metric.
        dataset: the real samples.
        extractor: of features, for images.
        count: generated samples.
        real_count: real samples to compare with; all, if there are fewer.
        seed: of the noise.
    """
    available = len(dataset.images) if isinstance(dataset, ImageDataset) else real_count
    real = min(real_count, available) if metric.uses_real else 0
    return {
        "metric": metric.reported_name(extractor, count),
        "n_real": real,
        "n_fake": count,
        "dataset": dataset.name,
        "fingerprint": dataset.fingerprint,
        "split": dataset.split,
        "extractor": extractor.name if extractor else None,
        "extractor_hash": extractor.hash if extractor else None,
        "resize": extractor.resize if extractor else None,
        "protocol": _protocol(metric, extractor, min(real, count)),
        "batchnorm": "inference",
        "seed": seed,
    }


def _protocol(metric: Metric, extractor: Extractor | None, count: int) -> str:
    """The protocol; it tells of a distance that counts directions of which the samples say nothing."""
    if extractor is None or "moments" not in metric.needs or count > extractor.size:
        return metric.protocol
    return f"{metric.protocol}, which are singular: {count} samples of {extractor.size} features"
