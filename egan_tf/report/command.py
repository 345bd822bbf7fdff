"""The command `egan-report`: writes the report of a run, or a comparison of runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.command_line import OneLineParser, program, run


def main(arguments: Sequence[str]) -> None:
    """Writes the page that the arguments ask for, and prints its path.

    Args:
        arguments: without the program's name.

    Raises:
        InputError: the arguments or the run folders cannot be used, or the page cannot be written.
    """
    parser = OneLineParser(
        prog=program("report"), description="Writes RUN/report.html, or, for several runs, a comparison by settings."
    )
    parser.add_argument("run", type=Path, nargs="+", help="run folder, such as runs/001-digits, or a folder of runs")
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write, ending in .html (default: RUN/report.html; comparison.html beside the first RUN)",
    )
    parser.add_argument(
        "--json", type=Path, help="write the numbers of the comparison to this file, too, ending in .json"
    )
    looks = {
        "nearest": "add samples beside their nearest training images; the page then holds pictures of the data set",
        "walk": "add interpolations between samples",
    }
    for name, text in looks.items():
        parser.add_argument(f"--{name}", action="store_true", help=f"{text} (one RUN, with its export)")
    options = parser.parse_args(arguments)
    chosen = [name for name in looks if getattr(options, name)]
    # Imported here, so that help and errors work on a base install.
    from egan_tf.report.run_record import find_runs
    from egan_tf.report.write import write_comparison, write_report

    for name, suffix in (("out", ".html"), ("json", ".json")):
        path = getattr(options, name)
        require(path is None or path.suffix == suffix, name, f"must end in {suffix}, got {path}")
        if path is not None:
            check_outside_exports(name, path)
    runs = [run for folder in options.run for run in find_runs(folder)]
    for name in chosen:
        require(len(runs) == 1, name, f"takes one run, got {len(runs)}")
    one = runs == options.run[:1]
    require(not one or options.json is None, "json", "takes several runs, or a folder of runs")
    try:
        path = write_report(runs[0], options.out, chosen) if one else write_comparison(runs, options.out, options.json)
    except OSError as error:
        raise InputError("out", f"cannot write {error.filename or options.out}: {error.strerror or error}") from error
    # A path may hold bytes that are not UTF-8.
    print(f"report: {os.fsencode(path).decode(errors='replace')}")


def cli() -> NoReturn:
    """The console command `egan-report`."""
    run(main, "report", needs=("jinja2", "matplotlib", "pydantic", "scipy"))
