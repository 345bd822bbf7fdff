"""Writes a run's page, or a page that compares runs."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from egan_tf.report.comparison import Comparison, compare
from egan_tf.report.comparison_page import MAX_SHOWN, comparison_page
from egan_tf.report.looks import LOOKS
from egan_tf.report.run_page import run_page
from egan_tf.report.run_record import find_runs, read_run
from egan_tf.report.run_summary import summarize
from egan_tf.training import run_folder
from egan_tf.utils.atomic import atomic_write
from egan_tf.utils.checks import require
from egan_tf.utils.log_line import log_line

COMPARISON = "comparison.html"
MAX_RUNS = 240


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


def compare_runs(folders: Sequence[Path]) -> Comparison:
    """The comparison of 1 to `MAX_RUNS` runs in numbers, as the page shows it.

    Args:
        folders: of runs, or folders that hold run folders.

    Raises:
        InputError: too many runs, one given twice, or a folder that is neither.
    """
    return _compare(_named(folders, 1))


def write_comparison(folders: Sequence[Path], out: Path | None = None, json_out: Path | None = None) -> Path:
    """Writes a page that compares 2 to `MAX_RUNS` runs to `out`, by default `comparison.html` beside the first run.

    Args:
        folders: of runs, or folders that hold run folders.
        out: the file to write.
        json_out: a file for the numbers of the page as JSON, as `Comparison.to_dict` gives them.

    Returns:
        The page.

    Raises:
        InputError: too few or too many runs, one given twice, or a folder that is neither.
        OSError: a file cannot be written.
    """
    named = _named(folders, 2)
    comparison = _compare(named)
    groups = comparison.groups
    shown = list(named) if len(named) <= MAX_SHOWN else [group.runs[0].name for group in groups[:MAX_SHOWN]]
    path = out or _beside(find_runs(folders[0])[0]) / COMPARISON
    atomic_write(path, comparison_page(comparison, {name: read_run(named[name], max_grids=1) for name in shown}))
    if json_out is not None:
        atomic_write(json_out, json.dumps(comparison.to_dict(), indent=2, allow_nan=False) + "\n")
    return path


def _compare(named: dict[str, Path]) -> Comparison:
    # One record after the other: with its pictures it may be large.
    return compare([summarize(read_run(folder, max_grids=0), name) for name, folder in named.items()])


def _beside(run: Path) -> Path:
    """The folder that holds a run, as it was given: a link counts where it lies."""
    return run.parent if run.name not in ("", "..") else Path(os.path.realpath(run)).parent


def _named(folders: Sequence[Path], fewest: int) -> dict[str, Path]:
    """Run folders by a name that identifies each: that of the folder, or the path as given."""
    found = [run for folder in folders for run in find_runs(folder)]
    count = len(found)
    require(fewest <= count <= MAX_RUNS, "run", f"a comparison takes {fewest} to {MAX_RUNS} runs, got {count}")
    resolved = [Path(os.path.realpath(folder)) for folder in found]
    twice = [str(folder) for folder, path in zip(found, resolved, strict=True) if resolved.count(path) > 1]
    require(not twice, "run", f"given twice: {', '.join(twice)}")
    names = [path.name for path in resolved]
    return {
        path.name if names.count(path.name) == 1 else str(folder): path
        for folder, path in zip(found, resolved, strict=True)
    }
