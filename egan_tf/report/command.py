"""The command `egan-report`: writes the report of a run, or a comparison of runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import egan_tf
from egan_tf.report import write_comparison, write_report
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.command_line import OneLineParser, run

PROGRAM = "egan-report"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line.

    Args:
        arguments: without the program's name; by default those of the process.

    Raises:
        SystemExit: with status 0, or 2 after one line on stderr that says what is wrong.
    """
    given = sys.argv[1:] if arguments is None else arguments
    run(lambda _: write_page(given), PROGRAM)


def write_page(arguments: Sequence[str]) -> None:
    """Parses the arguments, writes the page and prints its path.

    Raises:
        InputError: the arguments or the run folders cannot be used, or the page cannot be written.
    """
    parser = OneLineParser(prog=PROGRAM, description="Writes RUN/report.html, or, for several runs, a comparison.")
    parser.add_argument("run", type=Path, nargs="+", help="run folder, such as runs/001-digits")
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write, ending in .html (default: RUN/report.html; comparison.html beside the first RUN)",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {egan_tf.__version__}")
    options = parser.parse_args(arguments)
    require(options.out is None or options.out.suffix == ".html", "out", f"must end in .html, got {options.out}")
    try:
        one = len(options.run) == 1
        path = write_report(options.run[0], options.out) if one else write_comparison(options.run, options.out)
    except OSError as error:
        raise InputError("out", f"cannot write {error.filename or options.out}: {error.strerror or error}") from error
    except ModuleNotFoundError as error:
        raise InputError("report", f"needs {error.name}; pip install 'egan_tf[train]'") from error
    # A path may hold bytes that are not UTF-8.
    print(f"report: {os.fsencode(path).decode(errors='replace')}")
