"""The folder of a run: `runs/NNN-NAME/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.utils.atomic import atomic_directory, atomic_write
from egan_tf.utils.checks import InputError
from egan_tf.utils.locks import directory_lock

CONFIG = "config.json"
DATA = "data.json"
METRICS = "metrics.jsonl"
TIMINGS = "timings.jsonl"
EVENTS = "events.jsonl"
EVALUATIONS = "evaluations.jsonl"
CLASS_EVALUATIONS = "evaluations_by_class.jsonl"
SAMPLES = "samples"
MUTATIONS_PLOT = "mutations.png"
CHECKPOINTS = "checkpoints"
TENSORBOARD = "tensorboard"
VERSIONS = "versions.json"
REPORT = "report.html"
FAILED, ROLLED_BACK = "failed", "rolled_back"
"""The event of a run that found no viable child any more, and its entry: whether the run had rolled back before."""


def create_run_folder(runs_dir: Path, name: str, config: str) -> Path:
    """Makes a new folder `NNN-NAME`, numbered after the highest existing number; concurrent runs get different ones.

    Args:
        runs_dir: the folder of all runs; made if needed.
        name: of the run.
        config: its configuration as JSON; the folder contains it from the start.

    Raises:
        InputError: the folder cannot be made.
    """
    return create_numbered_folder(runs_dir, name, {CONFIG: config}, "runs_dir")


def create_numbered_folder(parent: Path, name: str, files: Mapping[str, str], field: str) -> Path:
    """Makes a new folder `NNN-NAME`, numbered after the highest existing number; concurrent calls get different ones.

    Args:
        parent: the folder that it is made in; made if needed.
        name: the part after the number.
        files: text by file name; the folder contains them from the start.
        field: the setting of `parent`, for the error.

    Raises:
        InputError: the folder cannot be made, or lies in an export or a page.
    """
    check_outside_exports(field, parent / name)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with directory_lock(parent, wait=True):
            number = 1 + max((_number(path.name) for path in parent.iterdir()), default=0)
            folder = parent / f"{number:03d}-{name}"
            with atomic_directory(folder) as partial:
                for file, text in files.items():
                    atomic_write(partial / file, text)
        return folder
    except OSError as error:
        raise InputError(field, f"cannot make a folder in {parent}: {error.strerror or error}") from error


def newest_run(runs_dir: Path) -> Path:
    """The run folder with the highest number.

    Raises:
        InputError: there is none.
    """
    return newest_folder(runs_dir, CONFIG, "run", "--runs-dir")


def newest_folder(parent: Path, file: str, what: str, flag: str) -> Path:
    """The folder `NNN-NAME` with the highest number that contains a file.

    Args:
        parent: the folder that it is in.
        file: the name of the file.
        what: it is, for the error.
        flag: that names `parent`, for the error.

    Raises:
        InputError: there is none.
    """
    try:
        found = [path for path in parent.iterdir() if _number(path.name) and (path / file).is_file()]
    except OSError as error:
        raise InputError("resume", f"no {what} in {parent}: {error.strerror or error}") from error
    if not found:
        raise InputError("resume", f"no {what} in {parent}; name its folder, or say where it is with {flag}")
    return max(found, key=lambda path: _number(path.name))


def _number(name: str) -> int:
    match = re.match(r"(\d{3,9})-", name)
    return int(match.group(1)) if match else 0
