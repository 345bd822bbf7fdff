"""Writes a run's page, or a page that compares runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from egan_tf.report.comparison import MAX_RUNS, comparison_page
from egan_tf.report.looks import LOOKS
from egan_tf.report.run_page import run_page
from egan_tf.report.run_record import read_run
from egan_tf.training import run_folder
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import require
from egan_tf.utils.log_line import log_line

COMPARISON = "comparison.html"


def write_report(folder: Path, out: Path | None = None, looks: Sequence[str] = ()) -> Path:
    """Writes the report of the run in `folder` to `out`, by default `report.html` in the folder.

    Args:
        folder: of the run.
        out: the file to write.
        looks: names of `egan_tf.report.looks.LOOKS`, sections made with the exported generator.

    Returns:
        The file written.

    Raises:
        InputError: `folder` is not a run folder, or cannot be read; or a look cannot be made.
        OSError: the report cannot be written.
    """
    path = out or folder / run_folder.REPORT
    record = read_run(folder)
    atomic_write(path, run_page(record, [LOOKS[name](record, folder) for name in looks]))
    return path


def write_report_or_warn(folder: Path) -> None:
    """Writes the report of a run; a failure is logged and not raised."""
    try:
        write_report(folder)
    except Exception as error:  # drawing libraries may raise anything, which must not end the training
        log_line(f"no report of the run was written: {str(error) or type(error).__name__}")


def write_comparison(folders: Sequence[Path], out: Path | None = None) -> Path:
    """Writes a page that compares 2 to `MAX_RUNS` runs to `out`, by default `comparison.html` beside the first folder.

    Returns:
        The file written.

    Raises:
        InputError: too few or too many runs, a folder given twice, or one that is not a run folder.
        OSError: the page cannot be written.
    """
    require(2 <= len(folders) <= MAX_RUNS, "run", f"a comparison takes 2 to {MAX_RUNS} runs, got {len(folders)}")
    resolved = [Path(os.path.realpath(folder)) for folder in folders]
    twice = [str(folder) for folder, path in zip(folders, resolved, strict=True) if resolved.count(path) > 1]
    require(not twice, "run", f"given twice: {', '.join(twice)}")
    names = [path.name for path in resolved]
    records = {
        path.name if names.count(path.name) == 1 else str(folder): read_run(folder)
        for folder, path in zip(folders, resolved, strict=True)
    }
    path = out or resolved[0].parent / COMPARISON
    atomic_write(path, comparison_page(records))
    return path
