"""The arguments of `egan-search`: its own flags, and those of `egan-train`, which fix settings for all trials."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.command_line import OneLineParser, program
from egan_tf.utils.flags import add_flags, with_dashes

NEWEST = "newest"
DEFAULT_TRIALS = 20
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
STUDIES_DIR = Path("studies")
ONLY_NEW = ("search", "space", "metric", "sampler", "pruning")
"""Flags that a resumed study refuses: its trials would not be comparable."""


@dataclass(frozen=True)
class Budget:
    """When to stop: one of the two.

    Attributes:
        generations: of all trials of the study together.
        seconds: that this command works.
    """

    generations: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SearchArguments:
    """Parsed arguments.

    Attributes:
        train: the arguments for `egan-train`.
        data_dir: of a resumed study, instead of its own; None for its own.
        name: of the export of a resumed study; None for that of its earlier export, or else its own.
        overwrite: whether the export of a resumed study replaces any other.
        studies_dir: the folder of all studies; None for `STUDIES_DIR`.
        The others are the flags.
    """

    train: list[str]
    resume: str | None = None
    search: tuple[str, ...] = ()
    space: Path | None = None
    seeds: list[int] = field(default_factory=list)
    trials: int | None = None
    budget: Budget | None = None
    budget_text: str = ""
    metric: str | None = None
    sampler: str = "tpe"
    pruning: str = "halving"
    storage: str = ""
    studies_dir: Path | None = None
    dry_run: bool = False
    list: bool = False
    trust_code: bool = False
    data_dir: str | None = None
    name: str | None = None
    overwrite: bool = False


def read_arguments(arguments: Sequence[str]) -> SearchArguments:
    """Parses the command line; imports no TensorFlow.

    Raises:
        InputError: a flag is invalid, or flags exclude each other.
        SystemExit: after printing the help or the version.
    """
    from egan_tf.search.definition import PRUNING, SAMPLERS
    from egan_tf.search.seeds import parse_seeds
    from egan_tf.utils.checks import one_of

    parser = _parser()
    options, rest = parser.parse_known_args(with_dashes(arguments))
    if options.help:
        _print_help(parser)
    given = vars(options)
    resume = given.get("resume")
    changed: dict[str, Any] = {}
    if resume is not None:
        for name in ONLY_NEW:
            require(name not in given, name, "cannot change in a resumed study; leave it out, or make a new one")
        require(not options.dry_run, "dry_run", "is for a new study; --list shows the trials of one")
        changed = _changes(rest)
        if options.list:
            _check_list({**given, **changed})
    else:
        require(not options.list, "list", "shows the trials of the study that --resume names")
        require("--clear-cache" not in rest, "clear_cache", f"is for {program('train')}; leave it out")
        require(not ("search" in given and "space" in given), "space", "cannot be given together with --search")
        for name in ("search", "space", "sampler", "pruning", "trials"):
            require(not ("seeds" in given and name in given), name, "has no meaning in a sweep over --seeds")
    return SearchArguments(
        train=[*rest, *(["--trust-code"] if options.trust_code else [])],
        resume=resume,
        search=tuple(given.get("search", ())),
        space=given.get("space"),
        seeds=parse_seeds(given.get("seeds", ())),
        trials=_count(given["trials"]) if "trials" in given else None,
        budget=parse_budget(given["budget"]) if "budget" in given else None,
        budget_text=given.get("budget", ""),
        metric=given.get("metric"),
        sampler=one_of("sampler", given.get("sampler", "tpe"), SAMPLERS),
        pruning=one_of("pruning", "none" if "seeds" in given else given.get("pruning", "halving"), PRUNING),
        storage=given.get("storage", ""),
        studies_dir=given.get("studies_dir"),
        dry_run=options.dry_run,
        list=options.list,
        trust_code=options.trust_code,
        **changed,
    )


def _check_list(given: Mapping[str, Any]) -> None:
    """Refuses what `--list`, which changes nothing, would ignore."""
    for name in ("trials", "budget", "seeds", "trust_code", "data_dir", "name", "overwrite"):
        absent = given.get(name) in (None, False)
        require(absent, name, "has no meaning with --list, which changes nothing; leave one of them out")


def parse_budget(text: str) -> Budget:
    """A number of generations, or a time such as 90s, 30m or 2h.

    Raises:
        InputError: the text has another form.
    """
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)([smh]?)", text)
    number = float(match[1]) if match else 0.0
    valid = number > 0 and match is not None and (match[2] or "." not in match[1])
    require(bool(valid), "budget", f"must be generations, or a time such as 30m or 2h, got {format_value(text)}")
    assert match is not None
    return Budget(seconds=number * UNITS[match[2]]) if match[2] else Budget(generations=int(number))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise InputError("trials", f"must be a whole number of at least 1, got {format_value(text)}")
    return int(text)


def _changes(rest: Sequence[str]) -> dict[str, Any]:
    """The settings that may be given with `--resume`: where the data is on this machine, and which export is made."""
    from egan_tf.training.config_groups import check_name

    parser = OneLineParser(prog=program("search"), add_help=False)
    parser.add_argument("--data-dir", default=None)
    parser.add_argument("--name", default=None)
    parser.add_argument("--overwrite", action="store_true")
    known, others = parser.parse_known_args(list(rest))
    if others:
        problem = "cannot change in a resumed study; leave it out, or make a new one"
        raise InputError(others[0].partition("=")[0].lstrip("-").replace("-", "_") or "arguments", problem)
    if known.name is not None:
        check_name(known.name)
    return dict(vars(known))


def _print_help(parser: OneLineParser) -> None:
    from egan_tf.training.presets import PRESETS

    settings = parser.add_argument_group("Settings of all trials")
    settings.add_argument("--config", metavar="FILE", help="start from a run's config.json or a card.json")
    add_flags(parser, PRESETS["digits"])
    parser.print_help()
    sys.exit(0)


def _parser() -> OneLineParser:
    from egan_tf.search.space import KINDS

    parser = OneLineParser(
        prog=program("search"),
        usage="%(prog)s [flags]",
        description="Searches settings by Optuna, or sweeps over seeds. Every trial is an ordinary run in the study's "
        "folder; what was killed is resumed. All flags of egan-train fix settings for all trials.",
        add_help=False,
    )
    flags = parser.add_argument_group("Search")
    absent = argparse.SUPPRESS
    flags.add_argument("-h", "--help", action="store_true", help="print this help and exit")
    flags.add_argument(
        "--search",
        nargs="+",
        action="extend",
        metavar="NAME=SPACE",
        default=absent,
        help=f"settings to search, each with {'; '.join(KINDS.values())}; NAME,NAME=SPACE gives several settings the "
        "same value; by default learning rates, first moments, the R1 weight and the objectives",
    )
    flags.add_argument(
        "--space", type=Path, metavar="FILE", default=absent, help='a JSON file instead, {"NAME": "SPACE"}'
    )
    flags.add_argument(
        "--seeds",
        nargs="+",
        action="extend",
        metavar="SEEDS",
        default=absent,
        help="train the same settings with each of these seeds instead, such as 0-9",
    )
    flags.add_argument(
        "--trials",
        metavar="N",
        default=absent,
        help=f"trials of the study, all workers together (default: {DEFAULT_TRIALS}; no limit if --budget is given)",
    )
    flags.add_argument(
        "--budget",
        metavar="B",
        default=absent,
        help="generations of all trials together, or a time such as 30m after which this worker stops",
    )
    flags.add_argument("--metric", metavar="NAME", default=absent, help="metric that decides (default: --monitor)")
    flags.add_argument("--sampler", metavar="{tpe,random}", default=absent, help="who suggests values (default: tpe)")
    flags.add_argument(
        "--pruning",
        metavar="{halving,none}",
        default=absent,
        help="successive halving stops trials that are behind (default: halving)",
    )
    flags.add_argument(
        "--storage", metavar="URL", default=absent, help="database for several machines (default: SQLite in the study)"
    )
    flags.add_argument("--studies-dir", type=Path, metavar="DIR", default=absent, help=f"(default: {STUDIES_DIR})")
    flags.add_argument(
        "--resume",
        nargs="?",
        const=NEWEST,
        metavar="STUDY",
        default=absent,
        help="work on this study, such as studies/001-digits-search, also beside other workers; without a value, or "
        "with newest, the newest one; with --storage also the name of a study of another machine. Of the settings only "
        "--data-dir, and --name and --overwrite of the export, can be given again",
    )
    flags.add_argument("--list", action="store_true", help="print the trials of the study that --resume names")
    flags.add_argument(
        "--dry-run", action="store_true", help="check all, print the space and the first suggestions, and exit"
    )
    flags.add_argument(
        "--trust-code", action="store_true", help="import functions that a file or the study names as module:function"
    )
    return parser
