"""The folder of a run: `runs/NNN-NAME/`."""

from __future__ import annotations

import re
from pathlib import Path

from egan_tf.checks import InputError

CONFIG = "config.json"
METRICS = "metrics.jsonl"
SAMPLES = "samples"
MUTATIONS_PLOT = "mutations.png"
CHECKPOINTS = "checkpoints"
VERSIONS = "versions.json"
REPORT = "report.html"


def create_run_folder(runs_dir: Path, name: str) -> Path:
    """Makes a new folder `NNN-NAME`, numbered after the highest there is; two runs at once get two folders.

    Raises:
        InputError: if it cannot be made.
    """
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        number = 1 + max((_number(path.name) for path in runs_dir.iterdir()), default=0)
        while True:
            folder = runs_dir / f"{number:03d}-{name}"
            try:
                # The number alone must be free, or two runs of different names would share it.
                if not any(_number(path.name) == number for path in runs_dir.iterdir()):
                    folder.mkdir()
                    return folder
            except FileExistsError:
                pass
            number += 1
    except OSError as error:
        raise InputError("runs_dir", f"cannot make a run's folder in {runs_dir}: {error.strerror}") from error


def write_whole(path: Path, text: str) -> None:
    """Writes a text file beside its place and moves it there, so that nobody sees half of it.

    Raises:
        OSError: if it cannot be written; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.partial")
    # A link of that name could lead anywhere.
    beside.unlink(missing_ok=True)
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _number(name: str) -> int:
    match = re.match(r"(\d{3,9})-", name)
    return int(match.group(1)) if match else 0
