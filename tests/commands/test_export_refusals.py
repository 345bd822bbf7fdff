"""`egan-export` refuses what it can before TensorFlow is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from egan_tf.training.presets import PRESETS

ROOT = Path(__file__).parents[2]
# Importing these fails, so the command must refuse before.
WITHOUT_TENSORFLOW = (
    "import builtins, sys; load = builtins.__import__; builtins.__import__ = lambda name, *rest, **more: "
    "1 / 0 if name.partition('.')[0] in ('tensorflow', 'keras') else load(name, *rest, **more); "
    "sys.argv[0] = 'bin/egan-export'; from egan_tf.commands.export import cli; cli()"
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with a checkpoint that cannot be read, and another export of its name."""
    folder = tmp_path / "runs" / "001-digits"
    (folder / "checkpoints" / "00000024").mkdir(parents=True)
    (folder / "config.json").write_text(PRESETS["digits"].to_json())
    other = tmp_path / "saved_models" / "digits"
    other.mkdir(parents=True)
    (other / "card.json").write_text(json.dumps({"format": "egan_tf export 2", "files": {}}))
    return folder


def refused(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, "runs/001-digits", *arguments],
        cwd=folder.parents[1],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.removeprefix("egan-export: error: ")


REFUSALS = {
    "format": (("--formats", "onnx", "tflit"), "formats: unknown value 'tflit' (did you mean 'tflite'?)"),
    "rank": (("--individual", "1"), "individual: must be from 0 to 0, got 1"),
    "checkpoint": (("--checkpoint", "newst"), "checkpoint: unknown value 'newst'"),
    "no best": (
        ("--checkpoint", "best", "--name", "b"),
        "checkpoint: no checkpoint in runs/001-digits/checkpoints has",
    ),
    "rows that no format states": (
        ("--formats", "saved_model", "--rows-per-call", "8", "--name", "b"),
        "rows_per_call: has no effect on saved_model; leave it out",
    ),
    "below a file": (
        ("--models-dir", "runs/001-digits/config.json/models"),
        "models_dir: cannot make or write runs/001-digits/config.json/models: runs/001-digits/config.json is not",
    ),
    "exists": ((), "name: saved_models/digits exists; --overwrite replaces it"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_without_tensorflow(name: str, run: Path) -> None:
    arguments, message = REFUSALS[name]
    assert refused(run, *arguments).startswith(message)


def test_a_run_without_checkpoints_and_a_damaged_record_are_refused_without_tensorflow(run: Path) -> None:
    (run / "data.json").write_text('{"shape": []}')
    assert refused(run, "--name", "b").startswith("run: runs/001-digits/data.json cannot be read (")
    (run / "data.json").unlink()
    (run / "checkpoints" / "00000024").rmdir()
    assert refused(run, "--name", "b").startswith(
        "run: runs/001-digits has no checkpoint; the run did not get that far"
    )
