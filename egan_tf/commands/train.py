"""Trains E-GAN and exports the fittest generator: `egan-train --help`, in a checkout `python train_tf.py --help`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import (
    TRAINING_PACKAGES,
    OneLineParser,
    import_tensorflow_quietly,
    program,
    run,
)
from egan_tf.utils.paths import user_path

if TYPE_CHECKING:
    from egan_tf.data import Dataset
    from egan_tf.training.config import Config
    from egan_tf.utils.user_code import UserCode

NEWEST = "newest"
SIGNAL_STATUS = 128
BASES = ("resume", "config", "preset")
"""The flags that choose the base of a configuration; at most one can be given."""


@dataclass(frozen=True)
class Request:
    """A parsed command line.

    Attributes:
        config: the resolved configuration.
        resumed: the folder of the run to resume; None for a new run.
        dry_run: whether to check and print the configuration only.
        given: the values of the settings that were given as flags, by section and name.
        trust_code: whether functions that a file names may be imported.
        automatic: whether the configuration still has to be adapted to the data.
    """

    config: Config
    resumed: Path | None
    dry_run: bool
    given: Mapping[str, Mapping[str, Any]]
    trust_code: bool
    automatic: bool

    @property
    def typed(self) -> frozenset[str]:
        """The names of the settings that were given as flags."""
        return frozenset(name for values in self.given.values() for name in values)


def cli() -> NoReturn:
    """The console script."""
    run(main, "train", needs=TRAINING_PACKAGES)


def main(arguments: Sequence[str]) -> int:
    """Trains, resumes, or with `--dry-run` checks; returns the exit status.

    Args:
        arguments: without the program's name.

    Raises:
        InputError: an input is invalid; nothing has been written.
        RunError: a run cannot continue.
        SystemExit: after printing the help or the version.
    """
    from egan_tf.training.data_loading import check_data_available

    request = read_command_line(arguments)
    check_data_available(request.config)
    import_tensorflow_quietly()
    if request.dry_run:
        # Only the configuration is the output: what the user's code prints is not.
        with contextlib.redirect_stdout(sys.stderr):
            config = _checked(request)
        sys.stdout.write(config.to_json())
        return 0
    from egan_tf.training import train as training

    config, code, dataset = _prepared(request)
    try:
        if request.resumed is None:
            trained = training.train(config, code, dataset)
        else:
            trained = training.resume(request.resumed, config, code)
    except training.StoppedError as stopped:
        what = "stopped" if stopped.saved else "stopped, without a checkpoint of the last generations,"
        if stopped.run is None:
            print(f"worker {what} at generation {stopped.generation}")
            return SIGNAL_STATUS + stopped.signal
        print(f"{what} at generation {stopped.generation}; to resume: {program('train')} --resume {stopped.run}")
        return SIGNAL_STATUS + stopped.signal
    if trained is None:
        print("worker finished; the chief, worker 0, has written the run")
        return 0
    from egan_tf.report import write_report_or_warn
    from egan_tf.training.run_folder import REPORT

    write_report_or_warn(trained.run)
    print(f"run: {trained.run}")
    print(f"model: {trained.export}")
    if (trained.run / REPORT).exists():
        print(f"report: {trained.run / REPORT}")
    if (trained.export / "generator.onnx").exists():
        which = "--each-label" if trained.egan.conditional else "--count 64"
        print(f"sample: {program('sample')} {trained.export / 'generator.onnx'} {which} --seed 0 --out grid.png")
    return 0


def _prepared(request: Request) -> tuple[Config, UserCode, Dataset | None]:
    """The configuration with what suits the data, the user's functions, and the data set if it had to be loaded."""
    from egan_tf.training.devices import strategy_of

    code = _import_code(request)
    strategy_of(request.config.run)  # several devices or machines are set up before TensorFlow computes anything
    config = request.config.replace(user_code=code.sha256)
    if not request.automatic:
        return config, code, None
    config, dataset = _adapted(request, config, code)
    return config, code, dataset


def _checked(request: Request) -> Config:
    """The configuration, after the checks of a dry run."""
    from egan_tf.training import train as training

    config, code, dataset = _prepared(request)
    if request.resumed is None:
        training.check(config, code, dry_run=True, dataset=dataset)
    else:
        with training.locked_run(request.resumed):
            training.check_resume(request.resumed, config, code, dry_run=True)
    return config


def read_command_line(arguments: Sequence[str]) -> Request:
    """Resolves the configuration of a command line; imports neither TensorFlow (but for `--list`) nor user code.

    The base is the file of `--config`, the run of `--resume`, or the preset of `--preset`, otherwise the preset named
    like `--dataset`, otherwise `auto`; without a data set it is `digits`. The flags that were given replace its values.

    Raises:
        InputError: a flag or a file is invalid.
        SystemExit: after printing the help or the version.
    """
    from egan_tf.training.config import Config
    from egan_tf.training.presets import AUTO, PRESETS
    from egan_tf.utils.flags import given_values, parse_flags

    options = parse_flags(_parser(PRESETS["digits"]), arguments)
    if options.clear_cache and not options.help:
        from egan_tf.commands.cache import clear_cache

        clear_cache(options)
    if options.list and not options.help:
        from egan_tf.commands.ignored import check_alone
        from egan_tf.commands.listing import print_listing

        check_alone(options, "list")
        print_listing()
    try:
        base, resumed = _base(options)
    except InputError:
        if not options.help:
            raise
        base, resumed = PRESETS["digits"], None
    if options.help:
        _parser(base).print_help()
        sys.exit(0)
    given = given_values(options, Config)
    config = base.replace(**given)
    automatic = resumed is None and not hasattr(options, "config") and config.run.preset == AUTO
    return Request(config, resumed, options.dry_run, given, options.trust_code, automatic)


def _adapted(request: Request, config: Config, code: UserCode) -> tuple[Config, Dataset]:
    """The settings that suit the data, with those that were given as flags; and the data set."""
    from egan_tf.training.data_loading import load_dataset
    from egan_tf.training.suggest import suggest

    dataset = load_dataset(config, code)
    given = {**request.given, "run": {"preset": config.run.preset, **request.given.get("run", {})}}
    network = request.given.get("network", {}).get("network")
    return suggest(dataset, network).replace(**given, user_code=code.sha256), dataset


def _base(options: argparse.Namespace) -> tuple[Config, Path | None]:
    """The configuration whose values flags replace, and the folder of the run if one is resumed."""
    from egan_tf.commands.ignored import check_runs_dir
    from egan_tf.training.config_file import read_config, read_config_file
    from egan_tf.training.config_groups import RunConfig
    from egan_tf.training.presets import AUTO, PRESETS, preset
    from egan_tf.training.run_folder import newest_run

    chosen = [f"--{base}" for base in BASES if hasattr(options, base)]
    if len(chosen) > 1:
        raise InputError(chosen[1].strip("-"), f"cannot be given together with {chosen[0]}: a run starts from one")
    if hasattr(options, "resume"):
        runs_dir = user_path("runs_dir", getattr(options, "runs_dir", RunConfig().runs_dir))
        if options.resume == NEWEST:
            folder = newest_run(runs_dir)
        else:
            folder = Path(options.resume)
            check_runs_dir(options, folder)
        return read_config(folder), folder
    if hasattr(options, "config"):
        return read_config_file(options.config), None
    if hasattr(options, "preset"):
        return preset(options.preset), None
    return PRESETS.get(getattr(options, "dataset", "digits"), PRESETS[AUTO]), None


def _parser(defaults: Config) -> OneLineParser:
    from egan_tf.utils.flags import add_flags

    parser = OneLineParser(
        prog=program("train"),
        usage="%(prog)s [flags]",
        description="Trains E-GAN: a population of generators evolves against one discriminator. Without a flag it "
        "trains on the digits of scikit-learn and exports the fittest generator. A flag replaces one value of the "
        "preset, the file or the run that the configuration starts from.",
        add_help=False,
    )
    command = parser.add_argument_group("Command")
    absent = argparse.SUPPRESS
    command.add_argument("-h", "--help", action="store_true", help="print this help and exit")
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=absent,
        help="start from a run's config.json, a card.json, or "
        "what --dry-run printed; settings that the file leaves out get their class defaults, not the preset's",
    )
    command.add_argument(
        "--resume",
        nargs="?",
        const=NEWEST,
        metavar="RUN",
        default=absent,
        help="resume this run, such as runs/001-digits; without a value, or with newest, the newest one",
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="check all that a run checks before it trains, print the resolved configuration as JSON, and exit",
    )
    command.add_argument(
        "--list",
        action="store_true",
        help="print the names of data sets, networks, objectives, losses, fitnesses, metrics, formats and presets, "
        "with a line each, and exit; takes no other flag",
    )
    command.add_argument(
        "--clear-cache",
        action="store_true",
        help="empty the cache of decoded pictures in --data-dir, print what that freed, and exit; takes no other flag",
    )
    command.add_argument(
        "--trust-code",
        action="store_true",
        help="import functions that a file names as module:function, too; otherwise only those typed as flags",
    )
    add_flags(parser, defaults)
    return parser


def _import_code(request: Request) -> UserCode:
    """Imports the user's functions that the configuration names.

    Raises:
        InputError: a function is named in a file that is not trusted, or cannot be imported.
    """
    from egan_tf.utils.user_code import import_code, references_in, untrusted

    references = references_in(request.config)
    for declared, reference in references:
        if declared.name not in request.typed and not request.trust_code:
            raise untrusted(declared.name, reference)
    return import_code(references)


if __name__ == "__main__":
    cli()
