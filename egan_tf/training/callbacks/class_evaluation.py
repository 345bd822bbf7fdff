"""Metrics of each class of a conditional model during training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.evaluate import MIN_COUNT, check_metrics, evaluate
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.registry import METRICS
from egan_tf.metrics.sources import from_model
from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.utils.json_lines import JsonLinesWriter

MAX_CLASSES = 100
"""Of more classes there are no metrics of each."""


class ClassEvaluations(PeriodicCallback):
    """Evaluates samples of each class against the real images of that class, and logs a record for each metric.

    A record is that of `evaluate`, with the name of the class as `class`. Classes with fewer real images than a metric
    compares with are left out of it.
    """

    def __init__(
        self,
        log: JsonLinesWriter,
        every: int,
        dataset: ImageDataset,
        metrics: Sequence[str],
        *,
        extractor: Extractor,
        count: int,
        cache_dir: Path | None = None,
    ) -> None:
        """Takes the log, the interval and the metrics.

        Args:
            log: receives the records.
            every: generations between evaluations.
            dataset: the real images, with labels.
            metrics: names in `METRICS`, of images.
            extractor: of features.
            count: generated samples per evaluation, of all classes together.
            cache_dir: folder that keeps statistics of the real images; None to keep none.
        """
        super().__init__(every)
        check_metrics(metrics, dataset, extractor)
        self._log, self._metrics, self._extractor, self._cache_dir = log, tuple(metrics), extractor, cache_dir
        self._count = max(MIN_COUNT, count // len(dataset.class_names))
        real = max(self._count, *(METRICS[name].min_real for name in metrics))
        self._classes = [(label, subset) for label, subset in _subsets(dataset, real) if subset is not None]
        self._names = dataset.class_names

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Evaluates, and appends the records."""
        del logs
        for label, real in self._classes:
            fitting = [name for name in self._metrics if len(real.images) >= METRICS[name].min_real]
            if not fitting:
                continue
            records = evaluate(
                from_model(self.model, label=label),
                real,
                fitting,
                count=self._count,
                extractor=self._extractor,
                cache_dir=self._cache_dir,
                step=generation,
            )
            for record in records:
                self._log.append({**record, "class": self._names[label]})


def _subsets(dataset: ImageDataset, count: int) -> list[tuple[int, ImageDataset | None]]:
    """At most `count` images of each class by label; None for a class without images."""
    assert dataset.labels is not None
    found: list[tuple[int, ImageDataset | None]] = []
    for label in range(len(dataset.class_names)):
        chosen = np.flatnonzero(dataset.labels == label)
        if not len(chosen):
            found.append((label, None))
            continue
        # Evenly spaced, so that memory does not grow with the data.
        chosen = chosen[np.linspace(0, len(chosen) - 1, min(count, len(chosen))).astype(int)]
        found.append((label, ImageDataset(f"{dataset.name}_{label}", dataset.images[chosen], split=dataset.split)))
    return found
