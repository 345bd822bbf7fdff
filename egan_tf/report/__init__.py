"""A run's report: one HTML file that shows its folder's records, and one that compares runs. No TensorFlow."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from egan_tf.report.comparison import MAX_RUNS, comparison_page
from egan_tf.report.record import read_run
from egan_tf.report.run_page import run_page
from egan_tf.training import run_folder
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.log_line import log_line

COMPARISON = "comparison.html"

__all__ = ["COMPARISON", "write_comparison", "write_report", "write_report_or_warn"]


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of a run.

    Args:
        folder: of the run.
        out: the file; by default `report.html` in the folder.

    Returns:
        The file.

    Raises:
        InputError: if the folder is none of a run, or cannot be read.
        OSError: if the report cannot be written.
    """
    path = out or folder / run_folder.REPORT
    atomic_write(path, run_page(read_run(folder)))
    return path


def write_report_or_warn(folder: Path) -> None:
    """Writes the report of a run; where that fails, a note says so, for a training must not be lost for the want of it.

    Args:
        folder: of the run.
    """
    try:
        write_report(folder)
    except (OSError, InputError) as error:
        log_line(f"no report of the run was written: {error}")


def write_comparison(folders: Sequence[Path], out: Path | None = None) -> Path:
    """Writes a page that compares runs.

    Args:
        folders: of at least two runs.
        out: the file; by default `comparison.html` beside the first folder.

    Returns:
        The file.

    Raises:
        InputError: if there are too few or too many, a folder twice, or one that is none of a run.
        OSError: if the page cannot be written.
    """
    require(2 <= len(folders) <= MAX_RUNS, "run", f"a comparison takes 2 to {MAX_RUNS} runs, got {len(folders)}")
    places = [Path(os.path.realpath(folder)) for folder in folders]
    twice = [str(folder) for folder, place in zip(folders, places, strict=True) if places.count(place) > 1]
    require(not twice, "run", f"given twice: {', '.join(twice)}")
    names = [place.name for place in places]
    records = {
        place.name if names.count(place.name) == 1 else str(folder): read_run(folder)
        for folder, place in zip(folders, places, strict=True)
    }
    path = out or places[0].parent / COMPARISON
    atomic_write(path, comparison_page(records))
    return path
