"""`metrics.jsonl` as columns of numbers, compact however long the run was."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from egan_tf.report.reading import parse_lines
from egan_tf.utils.json_numbers import real_number, whole_number

MAX_RECORDS = 200_000
"""Of a longer run every second record is left out, or three of four, and so on; never the last."""
MAX_LINES = 100_000_000
MAX_COLUMNS = 128
MAX_CHILDREN = 1024
SCORES = {"fitness": "Fitness F", "quality": "Quality Fq", "diversity": "Diversity Fd"}
DISCRIMINATOR = {
    "discriminator_loss": "Discriminator loss",
    "discriminator_gradient_norm": "Discriminator gradient norm",
}
FAILURES = frozenset({"rejected_children", "stagnant_generations", "skipped_discriminator_steps"})
_NUMBERS = {*SCORES, *DISCRIMINATOR, *FAILURES}
SURVIVORS = "survivors.all"
"""The column of all survivors so far, whether they won by more than rounding or not."""
MADE = "made."
"""Before the name of a mutation: all survivors that it made, with a tournament or without."""
_NOT_COLUMNS = {"generation", "children", "decided_counts", "selection_counts", "wins"}


@dataclass(frozen=True)
class Columns:
    """The records of a run by generation; of two records of a generation the later one counts.

    Attributes:
        generations: int64 [n], ascending, each once.
        values: float64 [n] by name, NaN where nothing finite was recorded. Beside the records' own numbers:
            `selection_counts.MUTATION`, how often it has won since the start; `children.SCORE.winner` and
            `.loser`, means over the selected and the other children; `.loser_low`, `.loser_high`; `.nulls`, a count.
        counters: names of the columns that hold only whole numbers.
    """

    generations: np.ndarray
    values: Mapping[str, np.ndarray]
    counters: Sequence[str]

    def __len__(self) -> int:
        return len(self.generations)

    def column(self, name: str) -> np.ndarray:
        """float64 [n], all NaN if there is no such column."""
        return self.values.get(name, np.full(len(self), np.nan))

    def at(self, generations: np.ndarray, name: str) -> np.ndarray:
        """A column at these generations, between records by interpolation, NaN outside of them; float [n]."""
        values = self.column(name)
        known = np.isfinite(values)
        if not known.any():
            return np.full(len(generations), np.nan)
        return np.interp(generations, self.generations[known], values[known], left=np.nan, right=np.nan)

    @property
    def mutations(self) -> list[str]:
        """The mutations whose selections were counted."""
        return [name.split(".", 1)[1] for name in self.values if name.startswith("selection_counts.")]


def read_columns(path: Path, problems: list[str]) -> Columns:
    """Reads a metrics file; `problems` gets sentences that say what could not be read.

    Raises:
        OSError: it cannot be read.
    """
    generations, values = array("q"), dict[str, "array[float]"]()
    fractional, refused, every, skipped = set[str](), 0, 1, False

    def add(generation: int, row: Mapping[str, float]) -> None:
        for name in row:
            if name not in values and len(values) < MAX_COLUMNS:
                values[name] = array("d", [math.nan]) * len(generations)
        generations.append(generation)
        for name, column in values.items():
            column.append(row.get(name, math.nan))

    last: tuple[int, dict[str, float]] | None = None
    for place, (generation, row, wrong) in enumerate(parse_lines(path, _row, MAX_LINES, problems)):
        if len(generations) == MAX_RECORDS and place % every == 0:
            generations, every = generations[::2], 2 * every
            values = {name: column[::2] for name, column in values.items()}
        skipped = place % every != 0
        last = generation, row
        if not skipped:
            add(generation, row)
        fractional.update(name for name, value in row.items() if isinstance(value, float) and not math.isnan(value))
        refused += wrong
    if last is not None and skipped:
        add(*last)
    if every > 1:
        problems.append(f"{path.name} holds more than {MAX_RECORDS:,} records; one of {every} is shown, and the last")
    if refused:
        problems.append(f"Values in {path.name} of a wrong type or out of range: {refused:,}")
    recorded = np.array(generations, np.int64)
    _, from_the_end = np.unique(recorded[::-1], return_index=True)
    kept = len(recorded) - 1 - from_the_end
    columns = {name: np.array(column, np.float64)[kept] for name, column in values.items()}
    counters = [name for name in columns if "." not in name and (name in FAILURES or name not in fractional)]
    return Columns(recorded[kept], columns, [name for name in sorted(counters) if np.isfinite(columns[name]).any()])


def _row(record: Mapping[str, Any]) -> tuple[int, dict[str, float], int] | None:
    """Generation, numbers by name and count of refused values of a record; None without a generation."""
    generation = whole_number(record.get("generation"))
    if generation is None:
        return None
    row: dict[str, float] = {}
    refused = 0
    for name, value in record.items():
        number = real_number(value)
        if number is None:
            refused += name in _NUMBERS
        elif name not in _NOT_COLUMNS:
            row[name] = value if whole_number(value) is not None else number
    # Wins by more than rounding, where they are counted. Earlier names: "selection_counts", "wins".
    counts = record.get("decided_counts", record.get("selection_counts", record.get("wins", {})))
    for name, value in counts.items() if isinstance(counts, dict) else [("", None)]:
        count = whole_number(value)
        if count is None:
            refused += 1
        else:
            row[f"selection_counts.{name}"] = count
    survivors = record.get("selection_counts")
    if isinstance(survivors, dict) and all(whole_number(count) is not None for count in survivors.values()):
        row[SURVIVORS] = sum(survivors.values())
        row |= {f"{MADE}{name}": count for name, count in survivors.items()}
    children = _children(record)
    return generation, row | (children or {}), refused + (children is None)


def _children(record: Mapping[str, Any]) -> dict[str, float] | None:
    """Columns of the children's scores; None if they cannot be used."""
    children = record.get("children", {})
    if not isinstance(children, dict):
        return None
    names = [score for score in SCORES if score in children]
    if not names:
        return {}
    try:
        numbers = [[real_number(value) for value in children[score][: MAX_CHILDREN + 1]] for score in names]
    except (KeyError, TypeError):  # not lists
        return None
    count = len(numbers[0])
    valid = names[0] == "fitness" and 0 < count <= MAX_CHILDREN and all(len(values) == count for values in numbers)
    if not valid or any(None in values for values in numbers):
        return None
    scores = [[math.nan if value is None else value for value in values] for values in numbers]
    survivors = 1 + sum(f"fitness_{rank}" in record for rank in range(1, count))
    # As in selection: a fitness that is not finite ranks last, ties go to the earlier child.
    order = sorted(range(count), key=lambda child: math.inf if math.isnan(scores[0][child]) else -scores[0][child])
    found: dict[str, float] = {}
    for score, values in zip(names, scores, strict=True):
        finite = [
            [values[i] for i in part if not math.isnan(values[i])] for part in (order[:survivors], order[survivors:])
        ]
        found[f"children.{score}.nulls"] = float(count - sum(map(len, finite)))
        found[f"children.{score}.winner"] = fmean(finite[0]) if finite[0] else math.nan
        if survivors < count:
            for kind, reduce in (("loser", fmean), ("loser_low", min), ("loser_high", max)):
                found[f"children.{score}.{kind}"] = reduce(finite[1]) if finite[1] else math.nan
    return found
