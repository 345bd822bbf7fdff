"""One JSON record every so many generations."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from egan_tf.reporting.schedule import EveryGenerations


class MetricsLog(EveryGenerations):
    """Appends to a JSONL file: the logs, how all children scored, and how often each mutation has won.

    A number that is not finite is written as null, as JSON has no other word for it.
    """

    def __init__(self, path: Path, every: int) -> None:
        """Args: path: the file. every: generations between records."""
        super().__init__(every)
        self._path = path
        self._start = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        super().on_train_begin(logs)
        self._start = time.monotonic()

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Appends one record."""
        population = self.model.population
        names = self.model.mutation_names
        children = {name: values.numpy().tolist() for name, values in population.children_scores._asdict().items()}
        record = {
            "generation": generation,
            "seconds": round(time.monotonic() - self._start, 3),
            **{name: float(value) for name, value in logs.items()},
            "mutation": names[int(logs["mutation"])],
            "children": children,
            "wins": dict(zip(names, population.wins.numpy().tolist(), strict=True)),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_finite(record), allow_nan=False) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The records of a metrics file; a last line that was cut off is left out."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            break
    return records


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
