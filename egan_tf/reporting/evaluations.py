"""Metrics of the samples, every so many generations, and which generation was the best so far."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from egan_tf.checks import integer, one_of
from egan_tf.data.base import Dataset
from egan_tf.metrics.evaluate import COUNT, FEWEST, check_metrics, evaluate
from egan_tf.metrics.extractors.base import Extractor
from egan_tf.metrics.sources import from_model
from egan_tf.reporting.schedule import EveryGenerations

EVALUATIONS = "evaluations.jsonl"
"""The file's name in the folder of a run."""


class Best(NamedTuple):
    """A generation and the value of the chosen metric there."""

    generation: int
    value: float


class Evaluations(EveryGenerations):
    """Appends a record for each metric to a JSONL file: of the fittest survivor, in inference mode, averaged if it is.

    The noise is always the same, and none that the training draws; nothing of the training is changed.

    Attributes:
        latest: the chosen metric at the last evaluation; None before, or where it had no value.
        best: where it was best so far, what the file tells of earlier generations included; None before.
    """

    def __init__(
        self,
        path: Path,
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
            path: the file; it may hold earlier records of the same run.
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
        self._path, self._dataset, self._metrics = path, dataset, list(metrics)
        chosen_from = check_metrics(metrics, dataset, extractor)
        self._chosen = one_of("chosen", metrics[0] if chosen is None else chosen, chosen_from)
        self._sign = 1.0 if chosen_from[self._chosen].higher_is_better else -1.0
        self._settings: dict[str, Any] = {
            "extractor": extractor,
            "count": integer("count", count, FEWEST),
            "real_count": None if real_count is None else integer("real_count", real_count, FEWEST),
            "seed": integer("seed", seed, 0),
            "cache_dir": cache_dir,
        }
        self._on_best = on_best
        self.latest: float | None = None
        self.best: Best | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Finds the best of the generations before this one."""
        super().on_train_begin(logs)
        self.latest, self.best = None, None
        for record in read_evaluations(self._path) if self._path.exists() else []:
            # A run that goes on from an earlier checkpoint forgets the generations after it.
            if record["kind"] == self._chosen and record["step"] <= self._before:
                self._consider(record)

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Evaluates, and appends the records."""
        del logs
        blocks = from_model(self.model, self._dataset)
        records = evaluate(blocks, self._dataset, self._metrics, step=generation, **self._settings)
        _append(self._path, records)
        (record,) = (record for record in records if record["kind"] == self._chosen)
        if self._consider(record) and self._on_best is not None and self.best is not None:
            self._on_best(self.best)

    def _consider(self, record: dict[str, Any]) -> bool:
        """Takes note of a value of the chosen metric; returns whether it is the best so far."""
        self.latest = record["value"]
        if self.latest is None or (self.best and self._sign * self.latest <= self._sign * self.best.value):
            return False
        self.best = Best(record["step"], self.latest)
        return True


def read_evaluations(path: Path) -> list[dict[str, Any]]:
    """The records of a file of evaluations; a line that was cut off is left out."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    return records


def _append(path: Path, records: Sequence[dict[str, Any]]) -> None:
    # A process killed while it wrote leaves half a line, which must not spoil the next.
    broken = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    text = "".join(json.dumps(record, allow_nan=False) + "\n" for record in records)
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + text if broken else text)
