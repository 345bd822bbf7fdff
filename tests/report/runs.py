"""Run folders with invented records."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from egan_tf.training.presets import preset

Record = dict[str, Any]
MUTATIONS = ("minimax", "heuristic", "least_squares")


def record(generation: int, counts: dict[str, int] | None = None, **values: Any) -> Record:
    """A line of `metrics.jsonl`."""
    children = {"quality": [0.3, 0.5, 0.4], "diversity": [-1.0, -2.0, -3.0], "fitness": [0.29, 0.48, 0.37]}
    return {
        "generation": generation,
        "discriminator_loss": 1.2,
        "discriminator_gradient_norm": 0.7,
        "quality": 0.5,
        "diversity": -2.0,
        "fitness": 0.48,
        "operator": "heuristic",
        "parent": 0.0,
        "children": {**children, "operator": list(MUTATIONS), "parents": [[0], [0], [0]]},
        "selection_counts": counts or dict(zip(MUTATIONS, (generation - 2, 1, 1), strict=True)),
        **values,
    }


def evaluation(metric: str = "frechet_distance", value: Any = 1.0, step: Any = 10, **others: Any) -> Record:
    """A line of `evaluations.jsonl`."""
    protocol = {"n_real": 1797, "n_fake": 5000, "split": "train", "extractor": "cnn", "resize": None}
    return {"metric": metric, "value": value, **protocol, "seed": 0, "step": step, **others}


def config_of(name: str = "digits", **changes: dict[str, Any]) -> Record:
    """A preset as a run writes it, with some values of its sections replaced."""
    config = json.loads(preset(name).to_json())
    return config | {section: config[section] | values for section, values in changes.items()}


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def make_run(
    folder: Path,
    records: Sequence[Record] | None = None,
    generations: Iterable[int] = (10, 20, 30),
    config: Record | None = None,
    draw: Callable[[int], Image.Image] = lambda generation: Image.new("L", (16, 12), generation % 256),
) -> Path:
    """A run folder with a configuration, records and sample grids."""
    (folder / "samples").mkdir(parents=True)
    generations = list(generations)
    (folder / "config.json").write_text(json.dumps(config or config_of(run={"steps": 30})))
    write_lines(folder / "metrics.jsonl", records or [record(generation) for generation in generations])
    write_lines(folder / "timings.jsonl", [{"generation": g, "seconds": g / 10} for g in generations])
    for generation in generations:
        draw(generation).save(folder / "samples" / f"{generation:08d}.png")
    return folder


def full_run(folder: Path) -> Path:
    """A run with everything that a report can show."""
    run = make_run(folder, [record(g, rejected_children=g, skipped_discriminator_steps=0) for g in (10, 20, 30)])
    write_lines(run / "evaluations.jsonl", [evaluation(step=step) for step in (10, 20)])
    events = [{"event": "started", "time": "2026-01-02"}, {"event": "rolled back", "generation": 2000, "to": 1000}]
    write_lines(run / "events.jsonl", events)
    (run / "versions.json").write_text('{"python": "3.11.2"}')
    return run
