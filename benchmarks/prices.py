"""What a generation of each variant of a configuration takes, from short runs of all of them, turn by turn.

Each turn runs every variant once, as `train_tf.py` would run it, and times the generations of a window that lies past
tracing and, with `--tournaments auto`, past the generations in which the rule finds out how often tournaments matter.
The price is the median of the turns, so that neither the order of the variants nor a slow minute of the machine
decides. It needs a machine that does nothing else.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from egan_tf.utils.json_lines import read_records

TURNS = 3
BEGIN, BEGIN_AUTO = 100, 500
"""Generations before the window."""
GUESS, WINDOW = 60, 15.0
"""Generations of a first window, of which follows how many take these seconds."""
LOG_EVERY = 20

Variants = Mapping[str, Sequence[str]]
"""The flags of `train_tf.py` by name."""


def train(flags: Sequence[str], folder: Path, *more: str) -> Path:
    """Runs or resumes the command, and returns the folder of the run."""
    runs = folder / "runs"
    command = [sys.executable, "train_tf.py", "--runs-dir", str(runs), "--name", "job", "--overwrite"]
    begun = (runs / "001-job" / "config.json").exists()
    how = ["--resume", str(runs / "001-job")] if begun else [*flags, *more]
    subprocess.run([*command, "--models-dir", str(folder), *how], check=True)
    return runs / "001-job"


def prices(variants: Variants, folder: Path) -> dict[str, float]:
    """Seconds of a generation of each variant; what was measured before is read from `folder`/prices.json."""
    return {name: statistics.median(turns) for name, turns in measured(variants, folder).items()}


def measured(variants: Variants, folder: Path) -> dict[str, list[float]]:
    """Seconds of a generation of each variant in each turn."""
    path = folder / "prices.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    if set(known) != set(variants):
        begin = BEGIN_AUTO if any(map(is_auto, variants.values())) else BEGIN
        window = {name: _window(_timed(flags, folder, begin, GUESS)) for name, flags in variants.items()}
        known = {name: [] for name in variants}
        for _ in range(TURNS):
            for name, flags in variants.items():
                known[name].append(_timed(flags, folder, begin, window[name]))
        path.write_text(json.dumps(known))
    return {name: list(map(float, known[name])) for name in variants}


def is_auto(flags: Sequence[str]) -> bool:
    """Whether the last rule of tournaments among the flags is `auto`."""
    rules = [value for flag, value in pairwise(flags) if flag == "--tournaments"]
    return rules[-1:] == ["auto"]


def _window(seconds: float) -> int:
    return max(GUESS, round(WINDOW / seconds / LOG_EVERY) * LOG_EVERY)


def _timed(flags: Sequence[str], folder: Path, begin: int, window: int) -> float:
    """Seconds of a generation, from `begin` on, of a run that is not kept."""
    trial = folder / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir(parents=True)
    end = begin + window
    every = ["--steps", str(end), "--log-every", str(LOG_EVERY), "--sample-every", str(end), "--metrics"]
    records = read_records(train(flags, trial, *every) / "timings.jsonl")
    first, last = (record for record in records if record["generation"] in (begin, end))
    shutil.rmtree(trial)
    return float(last["seconds"] - first["seconds"]) / window
