"""The end of a run whose steps are no multiple of its intervals: the last checkpoint holds the reports of the end."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import keras
import pytest

from egan_tf.training import train as training
from egan_tf.training.callbacks.evaluation import Evaluations
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.training.config import Config
from egan_tf.utils.json_lines import read_records
from tests.training.short import folder_of, newest, outcome, short

STEPS = 10
DUE = {
    "by the interval": {"checkpoint_every": 5},
    "by the clock": {"checkpoint_every": 0, "checkpoint_minutes": 0.0},
}


def uneven(where: Path, **run: Any) -> Config:
    """Reports at 4, 8 and at the end, which is 10."""
    values = {"steps": STEPS, "log_every": 4, "sample_every": 4, **DUE["by the interval"], **run}
    return short(where, **values).replace(metrics={"evaluate_every": 4})


def train(where: Path, **run: Any) -> None:
    keras.backend.clear_session()  # numbers of layer names are part of ONNX files
    training.train(uneven(where, **run))


def resume(where: Path) -> None:
    keras.backend.clear_session()
    training.resume(folder_of(where))


def evaluated(where: Path) -> list[int]:
    return sorted({record["step"] for record in read_records(folder_of(where) / "evaluations.jsonl")})


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of a run that nothing interrupted."""
    where = tmp_path_factory.mktemp("ended")
    train(where)
    return outcome(where)


@pytest.mark.parametrize("due", ["by the interval", pytest.param("by the clock", marks=pytest.mark.slow)])
def test_the_last_checkpoint_holds_the_final_reports(due: str, tmp_path: Path, ended: dict[str, Any]) -> None:
    train(tmp_path, **DUE[due])
    manifest = json.loads((newest(tmp_path) / "manifest.json").read_text())
    assert manifest["generation"] == STEPS and manifest["score"] is not None
    sizes = {name: size for name, size in manifest["logs"].items() if size}
    assert sizes == {name: (folder_of(tmp_path) / name).stat().st_size for name in sizes}
    assert evaluated(tmp_path) == [4, 8, STEPS]
    resume(tmp_path)
    assert outcome(tmp_path) == ended


def test_a_run_killed_in_its_final_evaluation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any]
) -> None:
    report = Evaluations.report

    def cut(self: Evaluations, generation: int, logs: dict[str, Any]) -> None:
        if generation == STEPS:
            raise KeyboardInterrupt
        report(self, generation, logs)

    with monkeypatch.context() as patch:
        patch.setattr(Evaluations, "report", cut)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert int(newest(tmp_path).name) < STEPS
    resume(tmp_path)
    assert outcome(tmp_path) == ended


@pytest.mark.slow
def test_a_signal_in_the_last_generation_has_nothing_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any]
) -> None:
    on_train_batch_end = MetricsLog.on_train_batch_end

    def interrupted(self: MetricsLog, batch: int, logs: dict[str, Any] | None = None) -> None:
        on_train_batch_end(self, batch, logs)
        if batch + 1 == STEPS:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.3)

    monkeypatch.setattr(MetricsLog, "on_train_batch_end", interrupted)
    train(tmp_path)
    assert evaluated(tmp_path) == [4, 8, STEPS]
    assert outcome(tmp_path) == ended
