"""What metrics have found, each with its protocol: `evaluations.jsonl`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egan_tf.reporting.report.reading import Damage, real_number, whole_number

MOST_EVALUATIONS = 20_000
PROTOCOL = ("n_real", "n_fake", "split", "extractor", "extractor_hash", "resize", "batchnorm")


@dataclass(frozen=True)
class Evaluation:
    """One value of one metric.

    Attributes:
        metric: its name.
        value: NaN where it is not finite.
        step: the generation that it was found at.
        seed: of its samples, as text; empty where none is given.
        protocol: how it was made, name and text in turn; values of different protocols do not compare.
    """

    metric: str
    value: float
    step: int
    seed: str
    protocol: tuple[tuple[str, str], ...]


def read_evaluations(lines: Iterable[dict[str, Any] | Damage]) -> tuple[tuple[Evaluation, ...], tuple[str, ...]]:
    """The evaluations of a run in the order of the file, and sentences that say what could not be read."""
    found: list[Evaluation] = []
    refused = 0
    for line in lines:
        if len(found) == MOST_EVALUATIONS:
            return tuple(found), (f"of evaluations.jsonl only the first {MOST_EVALUATIONS:,} records are shown",)
        evaluation = None if isinstance(line, Damage) else _evaluation(line)
        if evaluation is None:
            refused += 1
        else:
            found.append(evaluation)
    return tuple(found), (f"{refused} of the lines of evaluations.jsonl hold no evaluation",) if refused else ()


def by_protocol(
    evaluations: Iterable[Evaluation],
) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], tuple[Evaluation, ...]]:
    """The evaluations by metric and protocol, in the order of their first appearance."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Evaluation]] = {}
    for evaluation in evaluations:
        groups.setdefault((evaluation.metric, evaluation.protocol), []).append(evaluation)
    return {key: tuple(group) for key, group in groups.items()}


def _evaluation(line: Mapping[str, Any]) -> Evaluation | None:
    metric, value, step = line.get("metric"), real_number(line.get("value", "")), whole_number(line.get("step"))
    if not isinstance(metric, str) or not metric or value is None or step is None:
        return None
    protocol = tuple((name, _text(line[name])) for name in PROTOCOL if name in line)
    seed = line.get("seed", "")
    return Evaluation(metric, value, step, str(seed) if type(seed) is int else _text(seed), protocol)


def _text(value: Any) -> str:
    """A value of the protocol in words."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return f"{value:,}"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:g}"
    return json.dumps(value)[:200]
