"""Exports a run's generator again, from one of its checkpoints: `python export.py --help`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from egan_tf.training.config import check_name
from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import import_tensorflow_quietly, parse, run


@dataclass(frozen=True)
class Command:
    """Exports a generator of a run from one of its checkpoints."""

    run: Annotated[Path, tyro.conf.Positional]
    """Folder of the run, such as runs/001-digits."""
    formats: tuple[str, ...] = ("saved_model", "onnx")
    """Formats: some of saved_model, onnx."""
    individual: str = "best"
    """Which survivor of the last generation: best, or its rank, 0 being the fittest."""
    checkpoint: str = "newest"
    """Which checkpoint: newest, or best, by the metric of the run's monitor."""
    name: str = ""
    """Name of the exported model; by default the run's."""
    models_dir: Path = Path("saved_models")
    """Folder of the exported models."""
    overwrite: bool = False
    """Replace an exported model of this name."""


def rank_of(individual: str) -> int:
    """The rank that `best` or a number stands for."""
    if individual == "best":
        return 0
    if individual.isascii() and individual.isdigit() and len(individual) < 10:
        return int(individual)
    raise InputError("individual", f"must be best or a rank from 0, got {individual!r}")


def main(arguments: Sequence[str]) -> None:
    command = parse(Command, arguments, "export.py")
    rank = rank_of(command.individual)
    check_name(command.name)
    import_tensorflow_quietly()
    from egan_tf.training import train as training

    egan, config, dataset = training.load_run(command.run, command.checkpoint)
    directory = training.export(
        egan,
        config,
        dataset,
        individual=rank,
        formats=command.formats,
        directory=command.models_dir / (command.name or config.name),
        overwrite=command.overwrite,
    )
    print(f"model: {directory}")


if __name__ == "__main__":
    run(main, "export.py")
