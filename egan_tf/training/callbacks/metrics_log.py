"""Records of training in metrics.jsonl and timings.jsonl."""

from __future__ import annotations

import time
from typing import Any

from egan_tf.training.callbacks.periodic import PeriodicCallback
from egan_tf.utils.json_lines import JsonLinesWriter

COUNTED = ("rejected_children", "stagnant_generations", "skipped_discriminator_steps")


class MetricsLog(PeriodicCallback):
    """Logs Keras' scalars, the scores of all children, how often each mutation was selected, and counts of failures.

    Scores of children are those of the last tournament.

    Times go to a separate log, so that the records of a resumed run equal those of an uninterrupted one.
    """

    def __init__(self, metrics: JsonLinesWriter, timings: JsonLinesWriter, every: int, seconds: float = 0.0) -> None:
        """Takes the logs and the interval.

        Args:
            metrics: receives the records.
            timings: receives the seconds of training at each record.
            every: generations between records.
            seconds: of training before this call, if the run was resumed.
        """
        super().__init__(every)
        self._metrics, self._timings = metrics, timings
        self._seconds, self._start = seconds, 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        super().on_train_begin(logs)
        self._start = time.monotonic() - self._seconds

    def report(self, generation: int, logs: dict[str, Any]) -> None:
        """Appends one record to each log."""
        population = self.model.population
        names = self.model.operator_names
        operator = int(logs["operator"])
        scores, origins = population.children_scores, population.children_origins
        children = {name: values.numpy().tolist() for name, values in scores._asdict().items()}
        made_by = origins.operator.numpy()
        children["operator"] = [names[position] if position >= 0 else None for position in made_by]
        children["parents"] = [[one for one in pair if one >= 0] for pair in origins.parents.numpy().tolist()]
        self._metrics.append(
            {
                "generation": generation,
                **{name: float(value) for name, value in logs.items()},
                "operator": names[operator] if operator >= 0 else None,
                "children": children,
                "selection_counts": dict(zip(names, population.selection_counts.numpy().tolist(), strict=True)),
                "decided_counts": dict(zip(names, population.decided_counts.numpy().tolist(), strict=True)),
                **{name: int(count) for name, count in population.tournaments._asdict().items()},
                **{name: int(count) for name, count in population.failures._asdict().items() if name in COUNTED},
            }
        )
        self._timings.append({"generation": generation, "seconds": round(time.monotonic() - self._start, 3)})
