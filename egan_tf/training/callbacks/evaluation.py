"""Metrics of the samples during training, and the best generation so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from egan_tf.data.base import Dataset
from egan_tf.metrics.evaluate import COUNT, MIN_COUNT, check_metrics, evaluate
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.measurement import measurement_of
from egan_tf.metrics.sources import from_model
from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.training.checkpoint_scores import Score, is_same
from egan_tf.training.old_config import metric_name
from egan_tf.utils.checks import integer, one_of
from egan_tf.utils.json_lines import JsonLinesWriter, read_records


class Best(NamedTuple):
    """A generation and the value of the monitored metric there."""

    generation: int
    value: float


class Evaluations(PeriodicCallback):
    """Evaluates the fittest survivor, and logs a record for each metric.

    Samples are made in inference mode, with averaged weights if the model keeps averages, from the same noise each
    time. Training does not use this noise, and evaluation does not change the state of training.

    Attributes:
        latest: the monitored metric at the last evaluation; None before the first, or if it had no value.
        evaluated: the generation of the last evaluation; -1 before the first.
        best: the best generation so far, including earlier records of the log; None before the first.
        measurement: how the monitored metric is measured; earlier records that were made in another way do not count.
    """

    def __init__(
        self,
        log: JsonLinesWriter,
        every: int,
        dataset: Dataset,
        metrics: Sequence[str],
        *,
        extractor: Extractor | None = None,
        count: int = COUNT,
        real_count: int | None = None,
        seed: int = 0,
        cache_dir: Path | None = None,
        monitor: str | None = None,
    ) -> None:
        """Takes the log, the interval and the metrics.

        Args:
            log: receives the records; it may hold earlier ones of the same run.
            every: generations between evaluations.
            dataset: the real samples.
            metrics: names in `METRICS`.
            extractor: of features, for images.
            count: generated samples per evaluation.
            real_count: real samples to compare with; by default `count`.
            seed: of the noise.
            cache_dir: folder that keeps statistics of the real images; None to keep none.
            monitor: the metric, one of `metrics`, that decides which generation is best; by default the first.

        Raises:
            InputError: the metrics do not fit the data or the extractor.
        """
        super().__init__(integer("every", every))
        self._log, self._dataset, self._metrics = log, dataset, list(metrics)
        known = check_metrics(metrics, dataset, extractor)
        self._monitor = one_of("monitor", metrics[0] if monitor is None else monitor, known)
        self._sign = 1.0 if known[self._monitor].higher_is_better else -1.0
        counts = {
            "count": integer("count", count, MIN_COUNT),
            "real_count": integer("real_count", count if real_count is None else real_count, MIN_COUNT),
            "seed": integer("seed", seed, 0),
        }
        self._settings: dict[str, Any] = {"extractor": extractor, "cache_dir": cache_dir, **counts}
        self.measurement = measurement_of(known[self._monitor], dataset, extractor, **counts)
        self.latest: float | None = None
        self.evaluated = -1
        self.best: Best | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Finds the best of the generations so far in the log."""
        super().on_train_begin(logs)
        self.latest, self.evaluated, self.best = None, -1, None
        for record in read_records(self._log.path) if self._log.path.exists() else []:
            # Records after the checkpoint that a run was resumed from do not count.
            kind, step = record.get("kind"), record.get("step")
            if not (isinstance(kind, str) and isinstance(step, int) and "value" in record):
                continue  # a damaged record
            if metric_name(kind) == self._monitor and step <= self._before and is_same(record, self.measurement):
                self._consider(record)

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Evaluates, and appends the records."""
        del logs
        samples = from_model(self.model, self._dataset)
        records = evaluate(samples, self._dataset, self._metrics, step=generation, **self._settings)
        for record in records:
            self._log.append(record)
        (record,) = (record for record in records if record["kind"] == self._monitor)
        self._consider(record)

    def score(self, generation: int) -> Score | None:
        """The monitored metric at a generation, negated where lower is better; None if it was not evaluated there."""
        if self.evaluated != generation or self.latest is None:
            return None
        return Score(self._sign * self.latest, self.measurement)

    def _consider(self, record: dict[str, Any]) -> None:
        """Updates the latest and the best value by a record of the monitored metric."""
        self.latest, self.evaluated = record["value"], record["step"]
        if self.latest is None or (self.best and self._sign * self.latest <= self._sign * self.best.value):
            return
        self.best = Best(record["step"], self.latest)
