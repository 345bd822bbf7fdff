"""What metrics have found, each with its protocol: `evaluations.jsonl`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from egan_tf.report.reading import Damage, real_number, whole_number
from egan_tf.report.values import plain

MAX_EVALUATIONS = 20_000
COUNTS = ("n_real", "n_fake")
PROTOCOL = (*COUNTS, "split", "extractor", "extractor_hash", "resize", "batchnorm")


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
        if len(found) == MAX_EVALUATIONS:
            return tuple(found), (f"of evaluations.jsonl only the first {MAX_EVALUATIONS:,} records are shown",)
        evaluation = None if isinstance(line, Damage) else _evaluation(line)
        if evaluation is None:
            refused += 1
        else:
            found.append(evaluation)
    return tuple(found), (f"lines of evaluations.jsonl that hold no evaluation: {refused:,}",) if refused else ()


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
    protocol = tuple((name, _value_text(name, line[name])) for name in PROTOCOL if name in line)
    return Evaluation(metric, value, step, plain(line.get("seed", "")), protocol)


def _value_text(name: str, value: Any) -> str:
    count = whole_number(value) if name in COUNTS else None
    return plain(value) if count is None else f"{count:,}"
