"""Exports a run's generator again: `egan-export --help`, in a checkout `python export.py --help`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from egan_tf.utils.checks import InputError
from egan_tf.utils.command_line import TRAINING_PACKAGES, OneLineParser, import_tensorflow_quietly, program, run


def cli() -> NoReturn:
    """The console script."""
    run(main, "export", needs=TRAINING_PACKAGES)


def main(arguments: Sequence[str]) -> None:
    """Exports one survivor of a run.

    Args:
        arguments: without the program's name.

    Raises:
        InputError: an argument is invalid, or the run cannot be read; nothing has been written.
        SystemExit: after printing the help or the version.
    """
    from egan_tf.training.config_file import read_config
    from egan_tf.training.config_groups import check_name
    from egan_tf.utils.flags import parse_flags
    from egan_tf.utils.user_code import import_code, references_in, untrusted

    options = parse_flags(_parser(), arguments)
    rank = rank_of(options.individual)
    check_name(options.name)
    config = read_config(options.run)
    references = references_in(config)
    if references and not options.trust_code:
        raise untrusted(references[0][0].name, references[0][1], can_type=False)
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
    )
    print(f"model: {directory}")


def rank_of(individual: str) -> int:
    """The rank of a survivor, from `best` (0) or a number."""
    if individual == "best":
        return 0
    if individual.isascii() and individual.isdigit() and len(individual) < 10:
        return int(individual)
    raise InputError("individual", f"must be best or a rank from 0, got {individual!r}")


def _parser() -> OneLineParser:
    parser = OneLineParser(
        prog=program("export"), description="Exports a generator of a run from one of its checkpoints."
    )
    parser.add_argument("run", type=Path, help="folder of the run, such as runs/001-digits")
    parser.add_argument(
        "--formats", nargs="+", default=None, metavar="NAME", help="formats of the export (default: the run's)"
    )
    parser.add_argument(
        "--individual",
        default="best",
        metavar="RANK",
        help="which survivor of the last generation: best, or its rank, 0 being the fittest (default: %(default)s)",
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
    parser.add_argument("--overwrite", action="store_true", help="replace an exported model of this name")
    parser.add_argument(
        "--trust-code", action="store_true", help="import functions that the run names as module:function"
    )
    return parser
