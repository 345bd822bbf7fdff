"""A run that takes a second, and the parts of its result that must be reproducible."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.config import Config
from egan_tf.training.presets import preset

STEPS = 24


def short(where: Path, **run: Any) -> Config:
    """A configuration of 24 small generations on ring8, with a checkpoint every four."""
    values = {
        "steps": STEPS,
        "log_every": 4,
        "sample_every": 8,
        "checkpoint_every": 4,
        "steps_per_execution": 1,
        "xla": "off",
        "formats": ("onnx",),
        "runs_dir": str(where / "runs"),
        "models_dir": str(where / "models"),
    }
    return preset("ring8").replace(
        run={**values, **run},
        data={"batch_size": 16},
        # Two, which the step compiles faster than three; one is selected from them all the same.
        # And a tournament in every generation, as a step with two kinds of generations takes half as long again.
        evolution={"mutations": ("heuristic", "minimax"), "tournaments": "always"},
        network={"width": 8},
        metrics={"evaluate_every": 8, "evaluation_samples": 200},
    )


def folder_of(where: Path) -> Path:
    return where / "runs" / "001-ring8"


def newest(where: Path) -> Path:
    return max((folder_of(where) / "checkpoints").iterdir())


def done(where: Path, whole: Path) -> Path:
    """A finished run with its export, which may be changed."""
    shutil.copytree(whole, where, dirs_exist_ok=True)
    file = folder_of(where) / "config.json"
    config = json.loads(file.read_text())
    config["run"] |= {"runs_dir": str(where / "runs"), "models_dir": str(where / "models")}
    file.write_text(json.dumps(config))
    return where / "models" / "ring8"


def outcome(where: Path) -> dict[str, Any]:
    """State, records, pictures and export of a run that came to its end."""
    run, model = folder_of(where), where / "models" / "ring8"
    manifest = json.loads((newest(where) / "manifest.json").read_text())
    del manifest["logs"]["timings.jsonl"]
    files = [
        run / "metrics.jsonl",
        run / "evaluations.jsonl",
        run / "mutations.png",
        *(run / "samples").iterdir(),
        model / "generator.onnx",
    ]
    return {"manifest": manifest, **{path.name: path.read_bytes() for path in files}}


def at_generation(monkeypatch: pytest.MonkeyPatch, events: dict[int, Any]) -> None:
    """Calls functions in the middle of a run, at generations that are logged."""
    report = MetricsLog.report

    def with_events(self: MetricsLog, generation: int, logs: dict[str, Any]) -> None:
        events.get(generation, lambda: None)()
        report(self, generation, logs)

    monkeypatch.setattr(MetricsLog, "report", with_events)
