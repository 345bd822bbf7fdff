"""Writes a run's report, or a comparison of runs: `egan-report --help`.

Beside the report's own package, which needs packages that a base install lacks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from egan_tf.utils.command_line import run


def cli() -> NoReturn:
    """The console script."""
    run(main, "report", needs=("pydantic", "matplotlib"))


def main(arguments: Sequence[str]) -> None:
    """Writes the page; see `egan_tf.report`.

    Args:
        arguments: without the program's name.
    """
    from egan_tf.report.__main__ import main as write

    write(arguments)
