"""The folder of a run: `runs/NNN-NAME/`."""

from __future__ import annotations

import re
from pathlib import Path

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


def create_run_folder(runs_dir: Path, name: str, config: str) -> Path:
    """Makes a new folder `NNN-NAME`, numbered after the highest existing number; concurrent runs get different ones.

    Args:
        runs_dir: the folder of all runs; made if needed.
        name: of the run.
        config: its configuration as JSON; the folder contains it from the start.

    Raises:
        InputError: the folder cannot be made.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        with directory_lock(runs_dir, wait=True):
            number = 1 + max((_number(path.name) for path in runs_dir.iterdir()), default=0)
            folder = runs_dir / f"{number:03d}-{name}"
            with atomic_directory(folder) as partial:
                atomic_write(partial / CONFIG, config)
        return folder
    except OSError as error:
        raise InputError("runs_dir", f"cannot make a run's folder in {runs_dir}: {error.strerror or error}") from error


def newest_run(runs_dir: Path) -> Path:
    """The run folder with the highest number.

    Raises:
        InputError: there is none.
    """
    try:
        runs = [path for path in runs_dir.iterdir() if _number(path.name) and (path / CONFIG).is_file()]
    except OSError as error:
        raise InputError("resume", f"no run in {runs_dir}: {error.strerror or error}") from error
    if not runs:
        raise InputError("resume", f"no run in {runs_dir}; name its folder, or say where it is with --runs-dir")
    return max(runs, key=lambda path: _number(path.name))


def _number(name: str) -> int:
    match = re.match(r"(\d{3,9})-", name)
    return int(match.group(1)) if match else 0
