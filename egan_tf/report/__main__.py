"""Writes a run's report, or a comparison of runs: `python -m egan_tf.report --help`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from egan_tf.report import write_comparison, write_report
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.command_line import OneLineParser, program, run


def main(arguments: Sequence[str]) -> None:
    """Runs the command line.

    Args:
        arguments: without the program's name.

    Raises:
        InputError: if the input cannot be used, or the page cannot be written.
    """
    parser = OneLineParser(
        prog=program("report"), description="Writes RUN/report.html, or, of several runs, a comparison."
    )
    parser.add_argument("run", type=Path, nargs="+", help="folder of a run, such as runs/001-digits")
    parser.add_argument(
        "--out",
        type=Path,
        help="file to write, ending in .html (RUN/report.html; comparison.html beside the first RUN)",
    )
    options = parser.parse_args(arguments)
    require(options.out is None or options.out.suffix == ".html", "out", f"must end in .html, got {options.out}")
    try:
        if len(options.run) == 1:
            done = write_report(options.run[0], options.out)
        else:
            done = write_comparison(options.run, options.out)
    except OSError as error:
        raise InputError("out", f"cannot write {error.filename or options.out}: {error.strerror or error}") from error
    # A path may hold bytes that are no text.
    print(f"report: {os.fsencode(done).decode(errors='replace')}")


if __name__ == "__main__":
    run(main, "report")
