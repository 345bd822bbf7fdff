"""One generation's record as numbers by name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from egan_tf.report.reading import real_number, whole_number
from egan_tf.training.old_config import SELECTION_COUNTS, selection_counts_of

MAX_CHILDREN = 1024
SCORES = ("fitness", "quality", "diversity")


def row_of(record: Mapping[str, Any]) -> tuple[dict[str, float], int]:
    """The numbers of a record by name, NaN where it holds null; and how many of its values are of no use.

    `wins.MUTATION` is how often a mutation has won since the beginning; `children.SCORE.KIND` is the mean of the
    children that won (`winner`) or lost (`loser`), their lowest and highest (`loser_low`, `loser_high`), and
    how many children's score is null (`nulls`).
    """
    row: dict[str, float] = {}
    refused = 0
    wins = selection_counts_of(record) or {}
    apart = ("generation", "mutation", "children", *SELECTION_COUNTS)
    given = {name: value for name, value in record.items() if name not in apart}
    given |= {f"wins.{name}": whole_number(won) for name, won in wins.items()} if isinstance(wins, dict) else {}
    for name, value in given.items():
        number = real_number(value)
        if number is None or (math.isnan(number) and name.startswith("wins.")):
            refused += 1
        else:
            row[name] = number
    children = _children(record)
    refused += children is None or not isinstance(wins, dict)
    return row | (children or {}), refused


def _children(record: Mapping[str, Any]) -> dict[str, float] | None:
    """Scores of the children that won and of those that lost; None if the record's children are of no use."""
    children = record.get("children", {})
    if not isinstance(children, dict):
        return None
    given = {score: children[score] for score in SCORES if score in children}
    if "fitness" not in given:
        return {} if not given else None
    if not all(isinstance(values, list) and len(values) == len(given["fitness"]) for values in given.values()):
        return None
    if not 0 < len(given["fitness"]) <= MAX_CHILDREN:
        return None
    numbers = {score: [real_number(value) for value in values] for score, values in given.items()}
    if any(number is None for values in numbers.values() for number in values):
        return None
    scores = {score: np.array(values, np.float64) for score, values in numbers.items()}
    survivors = 1 + sum(f"fitness_{rank}" in record for rank in range(1, len(given["fitness"])))
    # A fitness that is not finite ranks below every finite one, and ties go to the older child.
    ranks = np.argsort(-np.nan_to_num(scores["fitness"], nan=-np.inf), kind="stable")
    found: dict[str, float] = {}
    for score, values in scores.items():
        winners, losers = values[ranks[:survivors]], values[ranks[survivors:]]
        found[f"children.{score}.winner"] = _mean(winners)
        if losers.size:
            found |= {f"children.{score}.{kind}": value for kind, value in _spread(losers).items()}
        found[f"children.{score}.nulls"] = float(np.isnan(values).sum())
    return found


def _spread(losers: np.ndarray) -> dict[str, float]:
    finite = losers[np.isfinite(losers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (math.nan, math.nan)
    return {"loser": _mean(losers), "loser_low": low, "loser_high": high}


def _mean(values: np.ndarray) -> float:
    """The mean of the finite ones; NaN if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else math.nan
