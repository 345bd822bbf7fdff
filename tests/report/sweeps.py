"""Run folders of several seeds and settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.report.runs import Record, config_of, evaluation, make_run, record, write_lines

STEPS = (10, 20)


def seed_run(
    folder: Path, seed: int, values: Sequence[Any], metric: str = "frechet_distance", config: Record | None = None
) -> Path:
    """A run with this seed, a tournament in each generation, and values of a metric at 10, 20, ... generations."""
    config = config or config_of(run={"steps": 10 * len(values)})
    section = config["evolution"] | {"seed": seed}
    generations = [10 * (i + 1) for i in range(len(values))]
    records = [record(generation, tournaments=generation) for generation in generations]
    run = make_run(folder, records, generations, config | {"evolution": section})
    write_lines(
        run / "evaluations.jsonl",
        [evaluation(metric, value, step, dataset="digits") for step, value in zip(generations, values, strict=True)],
    )
    return run


def sweep(
    where: Path, values: dict[str, dict[int, Sequence[Any]]], metric: str = "frechet_distance", **common: Any
) -> list[Path]:
    """Runs of digits by mutation and seed."""
    return [
        seed_run(
            where / f"{mutation}-{seed}",
            seed,
            found,
            metric,
            config_of(evolution={"mutations": [mutation]}, **common),
        )
        for mutation, of in values.items()
        for seed, found in of.items()
    ]
