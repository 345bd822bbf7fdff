"""Exports a run's generator again: `egan-export --help`, in a checkout `python export.py --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from egan_tf.utils.checks import InputError, require
from egan_tf.utils.command_line import TRAINING_PACKAGES, OneLineParser, import_tensorflow_quietly, program, run

if TYPE_CHECKING:
    from egan_tf.training.config import Config
    from egan_tf.utils.settings import Setting

VERIFY, PAGE = "verify", "page"
"""As the first argument, the command that verifies an export, or writes its page; a run of this name is `./verify`."""


def cli() -> NoReturn:
    """The console script."""
    run(main, "export", needs=() if sys.argv[1:2] in ([VERIFY], [PAGE]) else TRAINING_PACKAGES)


def main(arguments: Sequence[str]) -> int:
    """Exports one survivor of a run, verifies an export, or writes its page.

    Args:
        arguments: without the program's name.

    Returns:
        The exit status.

    Raises:
        InputError: an argument is invalid, or the run cannot be read; nothing has been written.
        SystemExit: after printing the help or the version.
    """
    if arguments[:1] == [VERIFY]:
        from egan_tf.commands import verify

        return verify.main(arguments[1:])
    if arguments[:1] == [PAGE]:
        from egan_tf.commands import page

        return page.main(arguments[1:])
    _export(arguments)
    return 0


def _export(arguments: Sequence[str]) -> None:
    from egan_tf.training.config_file import read_config
    from egan_tf.training.config_groups import check_name
    from egan_tf.utils.flags import parse_flags
    from egan_tf.utils.user_code import import_code, untrusted

    options = parse_flags(_parser(), arguments)
    rank = rank_of(options.individual)
    check_name(options.name)
    config = read_config(options.run)
    references = _references(config, options.run)
    if references and not options.trust_code:
        raise untrusted(references[0][0].name, references[0][1], can_type=False)
    _check(options, config, rank)
    import_tensorflow_quietly()
    code = import_code(references)
    from egan_tf.training import train as training

    egan, config, dataset = training.load_run(options.run, options.checkpoint, code)
    directory = training.export(
        egan,
        config,
        dataset,
        individual=rank,
        formats=options.formats,
        name=options.name or None,
        models_dir=options.models_dir,
        overwrite=options.overwrite,
        weights_license=options.weights_license,
        rows_per_call=options.rows_per_call,
        run=options.run,
    )
    print(f"model: {directory}")


def _check(options: argparse.Namespace, config: Config, rank: int) -> None:
    """Refuses what cannot be exported, before TensorFlow is imported, which takes seconds."""
    from egan_tf.export.arguments import check_formats, check_rows_per_call
    from egan_tf.export.directory import check_export_directory
    from egan_tf.training import run_folder
    from egan_tf.training.checkpoint_scores import check_checkpoint
    from egan_tf.training.export_place import export_dir, exported_as
    from egan_tf.utils.paths import check_writable

    last = config.evolution.population_size - 1
    require(rank <= last, "individual", f"must be from 0 to {last}, got {rank}")
    check_rows_per_call(options.rows_per_call, check_formats(options.formats or config.run.formats))
    check_checkpoint(options.run, options.run / run_folder.CHECKPOINTS, options.checkpoint)
    place = export_dir(exported_as(config, options.name or None, options.models_dir))
    check_export_directory(place, options.overwrite)
    check_writable("models_dir", place.parent)


def _references(config: Config, run: Path) -> list[tuple[Setting, str]]:
    """The functions of the user that the export needs: not that of the data, if the run has a record of the data."""
    from egan_tf.training.recorded_data import read_record
    from egan_tf.utils.user_code import references_in

    of_data = [] if read_record(run) is None else references_in(config.data)
    return [reference for reference in references_in(config) if reference not in of_data]


def rank_of(individual: str) -> int:
    """The rank of a survivor, from `best` (0) or a number."""
    if individual == "best":
        return 0
    if individual.isascii() and individual.isdigit() and len(individual) < 10:
        return int(individual)
    raise InputError("individual", f"must be best or a rank from 0, got {individual!r}")


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog=program("export"),
        description="Exports a generator of a run from one of its checkpoints; "
        f"`{program('export')} verify DIR` verifies an export, `{program('export')} page DIR` writes a page of it.",
    )
    parser.add_argument("run", type=Path, help="folder of the run, such as runs/001-digits")
    parser.add_argument(
        "--formats", nargs="+", default=None, metavar="NAME", help="formats of the export (default: the run's)"
    )
    parser.add_argument(
        "--individual",
        default="best",
        metavar="RANK",
        help="which survivor of the generation: best, or its rank, 0 being the fittest (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint",
        default="newest",
        metavar="{newest,best}",
        help="which checkpoint: newest, or best by the metric that the run monitors (default: %(default)s)",
    )
    parser.add_argument("--name", default="", help="name of the exported model (default: the run's)")
    parser.add_argument(
        "--models-dir",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of the exported models (default: the run's)",
    )
    parser.add_argument(
        "--rows-per-call",
        type=int,
        default=None,
        metavar="N",
        help="rows of noise that a sampler gives onnxruntime at once (default: the run's, or what is measured)",
    )
    parser.add_argument(
        "--weights-license",
        default=None,
        metavar="NAME",
        help="licence of the exported weights, for the card, such as CC-BY-4.0 (default: the run's)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an exported model of this name")
    parser.add_argument(
        "--trust-code", action="store_true", help="import functions that the run names as module:function"
    )
    return parser


if __name__ == "__main__":
    cli()
