"""Trains E-GAN and exports the fittest generator: `python train_tf.py --help`."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from egan_tf.training.config import Config
from egan_tf.training.presets import PRESETS, preset
from egan_tf.training.run_folder import REPORT
from egan_tf.utils.command_line import import_tensorflow_quietly, parse, run

NEWEST = "newest"
SIGNAL_STATUS = 128


@dataclass(frozen=True)
class Command(Config):
    __doc__ = Config.__doc__

    resume: str = ""
    """Go on with this run, such as runs/001-digits; without a value, or with `newest`, with the newest one."""
    dry_run: bool = False
    """Print the resolved configuration as JSON, and stop."""

    @classmethod
    def starting_from(cls, config: Config) -> Command:
        """The command whose flags, where none is given, have the values of a configuration."""
        return cls(**{field.name: getattr(config, field.name) for field in dataclasses.fields(Config)})

    @property
    def config(self) -> Config:
        """The configuration alone."""
        return Config(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Config)})


def with_newest(arguments: Sequence[str]) -> list[str]:
    """The arguments, with a value for a `--resume` that has none."""
    following = [*arguments[1:], "--"]
    pairs = zip(arguments, following, strict=True) if arguments else ()
    return [
        part
        for argument, after in pairs
        for part in ([argument, NEWEST] if argument == "--resume" and after.startswith("--") else [argument])
    ]


def flags(arguments: Sequence[str]) -> dict[str, str]:
    """The flags of a command line with the first of their values, before anything is checked."""
    values: dict[str, str] = {}
    for flag, value in itertools.zip_longest(arguments, arguments[1:], fillvalue=""):
        name, equals, joined = flag.partition("=")
        values[name.replace("_", "-")] = joined if equals else value
    return values


def preset_of(arguments: Sequence[str]) -> Config:
    """The preset that a command line starts from: the one named, or the one of the data set named."""
    values = flags(arguments)
    if "--preset" in values:
        return preset(values["--preset"])
    return PRESETS.get(values.get("--dataset", ""), PRESETS["digits"])


def run_of(arguments: Sequence[str]) -> Path | None:
    """The folder of the run that a command line goes on with, if it does."""
    values = flags(arguments)
    resumed = values.get("--resume")
    if not resumed:
        return None
    if resumed != NEWEST:
        return Path(resumed)
    from egan_tf.training.run_folder import newest_run

    return newest_run(Path(values.get("--runs-dir", Config().run.runs_dir)))


def main(arguments: Sequence[str]) -> None:
    arguments = with_newest(arguments)
    folder = run_of(arguments)
    if folder is not None:
        import_tensorflow_quietly()
        from egan_tf.training.train import read_config

        base = read_config(folder)
    else:
        base = preset_of(arguments)
    command = parse(Command, arguments, "train_tf.py", Command.starting_from(base))
    config = command.config
    import_tensorflow_quietly()
    from egan_tf.training import train as training

    if command.dry_run:
        if folder is None:
            training.check(config)
        sys.stdout.write(config.to_json())
        return
    try:
        trained = training.train(config) if folder is None else training.resume(folder, config)
    except training.StoppedError as stopped:
        what = "stopped" if stopped.saved else "stopped without a checkpoint of its last generations, at best"
        print(f"{what} at generation {stopped.generation}; to go on: python train_tf.py --resume {stopped.run}")
        sys.exit(SIGNAL_STATUS + stopped.signal)
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
