"""Metrics of the samples, every so many generations, and which generation was the best so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from egan_tf.data.base import Dataset
from egan_tf.metrics.evaluate import COUNT, MIN_COUNT, check_metrics, evaluate
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.sources import from_model
from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.utils.checks import integer, one_of
from egan_tf.utils.json_lines import JsonLinesWriter, read_records


class Best(NamedTuple):
    """A generation and the value of the chosen metric there."""

    generation: int
    value: float


class Evaluations(PeriodicCallback):
    """Logs a record for each metric: of the fittest survivor, in inference mode, averaged if it is.

    The noise is always the same, and none that the training draws; nothing of the training is changed.

    Attributes:
        latest: the chosen metric at the last evaluation; None before, or where it had no value.
        evaluated: the generation of that; −1 before.
        best: where it was best so far, what the file tells of earlier generations included; None before.
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
        chosen: str | None = None,
        on_best: Callable[[Best], None] | None = None,
    ) -> None:
        """Takes where, when and what.

        Args:
            log: gets the records; it may hold earlier ones of the same run.
            every: generations between evaluations.
            dataset: the real samples.
            metrics: names in `METRICS`.
            extractor: for images.
            count: samples to judge.
            real_count: real samples to compare with; by default `count`.
            seed: of the noise.
            cache_dir: folder in which what is known of real images is kept; None for nowhere.
            chosen: the metric, one of `metrics`, that decides which generation is best; by default the first.
            on_best: called whenever a generation is the best so far.

        Raises:
            InputError: metrics that do not fit the data or the extractor, before any training.
        """
        super().__init__(integer("every", every))
        self._log, self._dataset, self._metrics = log, dataset, list(metrics)
        chosen_from = check_metrics(metrics, dataset, extractor)
        self._chosen = one_of("chosen", metrics[0] if chosen is None else chosen, chosen_from)
        self._sign = 1.0 if chosen_from[self._chosen].higher_is_better else -1.0
        self._settings: dict[str, Any] = {
            "extractor": extractor,
            "count": integer("count", count, MIN_COUNT),
            "real_count": None if real_count is None else integer("real_count", real_count, MIN_COUNT),
            "seed": integer("seed", seed, 0),
            "cache_dir": cache_dir,
        }
        self._on_best = on_best
        self.latest: float | None = None
        self.evaluated = -1
        self.best: Best | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Finds the best of the generations before this one."""
        super().on_train_begin(logs)
        self.latest, self.evaluated, self.best = None, -1, None
        for record in read_records(self._log.path) if self._log.path.exists() else []:
            # A run that goes on from an earlier checkpoint forgets the generations after it.
            if record["kind"] == self._chosen and record["step"] <= self._before:
                self._consider(record)

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Evaluates, and appends the records."""
        del logs
        blocks = from_model(self.model, self._dataset)
        records = evaluate(blocks, self._dataset, self._metrics, step=generation, **self._settings)
        for record in records:
            self._log.append(record)
        (record,) = (record for record in records if record["kind"] == self._chosen)
        if self._consider(record) and self._on_best is not None and self.best is not None:
            self._on_best(self.best)

    def score(self, generation: int) -> float | None:
        """The chosen metric at a generation, turned so that higher is better; None if it was not evaluated there."""
        if self.evaluated != generation or self.latest is None:
            return None
        return self._sign * self.latest

    def _consider(self, record: dict[str, Any]) -> bool:
        """Takes note of a value of the chosen metric; returns whether it is the best so far."""
        self.latest, self.evaluated = record["value"], record["step"]
        if self.latest is None or (self.best and self._sign * self.latest <= self._sign * self.best.value):
            return False
        self.best = Best(record["step"], self.latest)
        return True
