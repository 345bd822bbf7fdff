"""Trains E-GAN and exports the fittest generator: `python train_tf.py --help`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from egan_tf.command_line import import_tensorflow_quietly, parse, run
from egan_tf.config import Config
from egan_tf.presets import PRESETS, preset
from egan_tf.reporting.run_folder import REPORT


@dataclass(frozen=True)
class Command(Config):
    __doc__ = Config.__doc__

    dry_run: bool = False
    """Print the resolved configuration as JSON, and stop."""


def preset_of(arguments: Sequence[str]) -> Config:
    """The preset that a command line starts from: the one named, or the one of the data set named."""
    values: dict[str, str] = {}
    for flag, value in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        name, equals, joined = flag.partition("=")
        values[name] = joined if equals else value
    if "--preset" in values:
        return preset(values["--preset"])
    return PRESETS.get(values.get("--dataset", ""), PRESETS["digits"])


def main(arguments: Sequence[str]) -> None:
    base = preset_of(arguments)
    command = parse(
        Command,
        arguments,
        "train_tf.py",
        Command(base.run, base.data, base.network, base.evolution, base.optimizer),
    )
    config = Config(command.run, command.data, command.network, command.evolution, command.optimizer)
    import_tensorflow_quietly()
    from egan_tf import training

    if command.dry_run:
        training.check(config)
        sys.stdout.write(config.to_json())
        return
    trained = training.train(config)
    print(f"run: {trained.run}")
    print(f"model: {trained.export}")
    if (trained.run / REPORT).exists():
        print(f"report: {trained.run / REPORT}")
    if "onnx" in config.run.formats:
        print(
            f"sample: python -m egan_tf.sampling {trained.export / 'generator.onnx'} --count 64 --seed 0 --out grid.png"
        )


if __name__ == "__main__":
    run(main, "train_tf.py")
