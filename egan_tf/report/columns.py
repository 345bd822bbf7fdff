"""The generations' records as columns of numbers, compact however long the run was."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from egan_tf.report.reading import Damage, whole_number
from egan_tf.report.rows import row_of

MAX_RECORDS = 200_000
MAX_COLUMNS = 128
FAULTS = frozenset({"rejected_children", "stagnant_generations", "skipped_discriminator_steps"})
"""Counters, in whatever type they were written."""
_NOT_COUNTED = frozenset({"generation", "seconds"})


@dataclass(frozen=True)
class Columns:
    """The records of a run by generation.

    Attributes:
        generations: int64 [n], ascending, none twice.
        values: float64 [n] by name, as `row_of` names them; NaN where nothing finite was recorded.
        nulls: by name, how many records hold null, which stands for a number that is not finite.
        counters: names of faults, and of whole numbers at the records' top level.
        damage: sentences that say what could not be read.
    """

    generations: np.ndarray
    values: Mapping[str, np.ndarray]
    nulls: Mapping[str, int]
    counters: tuple[str, ...]
    damage: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.generations)

    def last(self, name: str) -> float:
        """The last record's value; NaN if it has none."""
        return float(self.values[name][-1]) if name in self.values and len(self) else math.nan

    @property
    def mutations(self) -> tuple[str, ...]:
        """The mutations whose wins were recorded."""
        return tuple(name.removeprefix("wins.") for name in self.values if name.startswith("wins."))


class _Builder:
    """Columns that grow by a row at a time."""

    def __init__(self) -> None:
        self.generations = array("q")
        self.values: dict[str, array[float]] = {}
        self.not_whole: set[str] = set()

    def append(self, generation: int, row: Mapping[str, float], whole: frozenset[str]) -> None:
        for name in row:
            if name not in self.values and len(self.values) < MAX_COLUMNS:
                self.values[name] = array("d", [math.nan]) * len(self.generations)
        self.generations.append(generation)
        for name, column in self.values.items():
            column.append(row.get(name, math.nan))
        self.not_whole.update(name for name in row if name not in whole)


def read_columns(lines: Iterable[dict[str, Any] | Damage]) -> Columns:
    """Gathers the records of a metrics file; of two records of a generation the later one counts.

    Args:
        lines: of the file.
    """
    builder, nulls = _Builder(), dict[str, int]()
    unreadable = wrong = 0
    damage: list[str] = []
    for line in lines:
        if isinstance(line, Damage):
            unreadable += line is Damage.UNREADABLE
            if line is Damage.CUT_OFF:
                damage.append("the last line of metrics.jsonl is cut off")
            if line is Damage.BEYOND:
                damage.append("metrics.jsonl is too large to be read to its end")
            continue
        generation = whole_number(line.get("generation"))
        if generation is None:
            unreadable += 1
            continue
        if len(builder.generations) == MAX_RECORDS:
            damage.append(f"of metrics.jsonl only the first {MAX_RECORDS:,} records are shown")
            break
        row, refused = row_of(line)
        wrong += refused
        for name, value in row.items():
            if math.isnan(value):
                nulls[name] = nulls.get(name, 0) + 1
        whole = frozenset(name for name, value in line.items() if whole_number(value) is not None or value is None)
        builder.append(generation, row, whole)
    if unreadable:
        damage.append(f"lines of metrics.jsonl that hold no record: {unreadable:,}")
    if wrong:
        damage.append(f"values in metrics.jsonl of a wrong type or beyond all bounds: {wrong:,}")
    return _columns(builder, nulls, tuple(damage))


def _columns(builder: _Builder, nulls: Mapping[str, int], damage: tuple[str, ...]) -> Columns:
    recorded = np.frombuffer(builder.generations, np.int64) if builder.generations else np.zeros(0, np.int64)
    _, from_the_end = np.unique(recorded[::-1], return_index=True)
    kept = len(recorded) - 1 - from_the_end
    values = {name: np.frombuffer(column, np.float64)[kept] for name, column in builder.values.items()}
    whole = (name for name in values if "." not in name and name not in builder.not_whole | _NOT_COUNTED)
    counters = tuple(name for name in {*FAULTS & values.keys(), *whole} if np.isfinite(values[name]).any())
    return Columns(recorded[kept], values, dict(nulls), tuple(sorted(counters)), damage)
