"""Folders of made-up runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from egan_tf.training import run_folder
from egan_tf.training.config import Config
from egan_tf.training.presets import preset

Record = dict[str, Any]
MUTATIONS = ("minimax", "heuristic", "least_squares")


def record(generation: int, wins: dict[str, int] | None = None, **values: Any) -> Record:
    """A record as a run writes it."""
    scores = {
        "quality": [0.3, 0.5, 0.4],
        "diversity": [-1.0, -2.0, -3.0],
        "fitness": [0.29, 0.48, 0.37],
    }
    return {
        "generation": generation,
        "discriminator_loss": 1.2,
        "discriminator_gradient_norm": 0.7,
        "quality": 0.5,
        "diversity": -2.0,
        "fitness": 0.48,
        "fitness_spread": 0.19,
        "mutation": "heuristic",
        "parent": 0.0,
        "children": scores,
        "wins": wins or dict(zip(MUTATIONS, (generation - 2, 1, 1), strict=True)),
        **values,
    }


def config_of(name: str = "digits", **changes: dict[str, Any]) -> Config:
    """A preset with some values of its sections replaced."""
    return preset(name).replace(**changes)


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def make_run(
    folder: Path,
    records: Sequence[Record] | None = None,
    generations: Iterable[int] = (10, 20, 30),
    config: Config | None = None,
    draw: Callable[[int], Image.Image] = lambda generation: Image.new("L", (16, 12), generation % 256),
) -> Path:
    """A run's folder with a configuration, records and sample grids."""
    folder.mkdir(parents=True)
    config = config or config_of(run={"steps": 30})
    (folder / run_folder.CONFIG).write_text(config.to_json())
    generations = list(generations)
    write_lines(folder / run_folder.METRICS, records or [record(generation) for generation in generations])
    write_lines(folder / run_folder.TIMINGS, [{"generation": g, "seconds": g / 10} for g in generations])
    (folder / run_folder.SAMPLES).mkdir()
    for generation in generations:
        draw(generation).save(folder / run_folder.SAMPLES / f"{generation:08d}.png")
    return folder


def evaluation(metric: str = "frechet_distance", value: Any = 1.0, step: Any = 10, **others: Any) -> Record:
    """A line of `evaluations.jsonl`."""
    protocol = {
        "n_real": 1797,
        "n_fake": 5000,
        "split": "train",
        "extractor": "random_conv",
        "extractor_hash": "9f2c4b7e",
        "resize": None,
        "batchnorm": "inference",
    }
    return {"metric": metric, "value": value, **protocol, "seed": 0, "step": step, **others}
