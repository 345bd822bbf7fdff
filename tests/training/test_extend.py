"""A finished run is extended, and replaces the export that it made itself, and no other."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import keras
import pytest

from egan_tf import InputError
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.training import train as training
from egan_tf.training.callbacks.metrics_log import MetricsLog
from egan_tf.utils.json_lines import read_records
from tests.training.short import STEPS, done, folder_of, outcome, short


def resumed(where: Path, *flags: str) -> None:
    keras.backend.clear_session()
    train_command.main(["--resume", str(folder_of(where)), *flags])


def events_of(where: Path) -> list[dict[str, Any]]:
    return read_records(folder_of(where) / "events.jsonl")


CHANGES = [("--gamma", "0.5"), (), ("--formats", "onnx", "saved_model"), ("--log-every", "1")]


@pytest.mark.parametrize(
    "change", [CHANGES[0], *(pytest.param(change, marks=pytest.mark.slow) for change in CHANGES[1:])]
)
def test_a_finished_run_is_extended_and_its_own_export_replaced(
    change: tuple[str, ...], whole: Path, tmp_path: Path
) -> None:
    model = done(tmp_path, whole)
    before = (model / "generator.onnx").read_bytes()
    resumed(tmp_path, "--steps", "28", *change)
    card = json.loads((model / "card.json").read_text())
    assert card["steps"] == 28 and (model / "generator.onnx").read_bytes() != before
    assert (model / "saved_model").exists() == ("saved_model" in change)
    resumed(tmp_path, "--steps", "32")
    assert json.loads((model / "card.json").read_text())["steps"] == 32


def test_a_damaged_record_costs_the_plot_and_not_the_export(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = done(tmp_path, whole)
    metrics = folder_of(tmp_path) / "metrics.jsonl"
    first, rest = metrics.read_text().split("\n", 1)
    metrics.write_text(first.replace("_counts", "_kounts") + "\n" + rest)
    resumed(tmp_path, "--steps", "28")
    assert "no plot of the mutations: " in capsys.readouterr().err
    assert json.loads((model / "card.json").read_text())["steps"] == 28


EDITS = {
    "another run's": lambda model: (model / "card.json").write_text((model / "card.json").read_text() + "\n"),
    "an edited file": lambda model: (model / "README.md").write_text("mine"),
    "a removed file": lambda model: (model / "samples.png").unlink(),
    "a file more": lambda model: (model / "notes.txt").write_text("mine"),
    "no card": lambda model: (model / "card.json").unlink(),
}


@pytest.mark.parametrize(
    "edit",
    ["an edited file", *(pytest.param(edit, marks=pytest.mark.slow) for edit in EDITS if edit != "an edited file")],
)
def test_an_export_that_is_not_as_the_run_made_it_is_not_replaced(edit: str, whole: Path, tmp_path: Path) -> None:
    model = done(tmp_path, whole)
    EDITS[edit](model)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = {"a file more": "ring8 holds notes.txt", "no card": "ring8 exists and is no export"}
    says = words.get(edit, "ring8 exists, and is not as this run exported it; .*--overwrite$")
    for mode in ((), ("--dry-run",)):
        with pytest.raises(InputError, match=f"^name: .*{says}"):
            resumed(tmp_path, "--steps", "28", *mode)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


@pytest.mark.parametrize("steps", [pytest.param(STEPS, marks=pytest.mark.slow), 28])
def test_an_export_without_a_record_is_known_by_its_card(steps: int, whole: Path, tmp_path: Path) -> None:
    """Of a run of an older version, or of one that ended before it could record its export."""
    done(tmp_path, whole)
    events = folder_of(tmp_path) / "events.jsonl"
    events.write_text("".join(line for line in events.read_text().splitlines(keepends=True) if "exported" not in line))
    resumed(tmp_path, "--steps", str(steps))
    assert json.loads((tmp_path / "models" / "ring8" / "card.json").read_text())["steps"] == steps


def forget_the_last_event(where: Path) -> None:
    """As if the run had been killed between its export and the record of it."""
    events = folder_of(where) / "events.jsonl"
    *lines, last = events.read_text().splitlines(keepends=True)
    assert "exported" in last
    events.write_text("".join(lines))


def test_the_export_of_an_extended_run_is_known_without_its_record(whole: Path, tmp_path: Path) -> None:
    """Its events record the export of before, and not the one that is there."""
    model = done(tmp_path, whole)
    resumed(tmp_path, "--steps", "28")
    forget_the_last_event(tmp_path)
    resumed(tmp_path, "--steps", "32")
    assert json.loads((model / "card.json").read_text())["steps"] == 32
    cards = [event["card_sha256"] for event in events_of(tmp_path) if event["event"] == "exported"]
    assert len(set(cards)) == 3, "what could not be recorded is recorded when the run is resumed"


@pytest.mark.slow
def test_the_export_of_a_stopped_run_is_known_without_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: MetricsLog, generation: int, logs: dict[str, object]) -> None:
        if generation == 12:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.3)

    with monkeypatch.context() as patch:
        patch.setattr(MetricsLog, "report", interrupted)
        with pytest.raises(training.StoppedError):
            training.train(short(tmp_path, export_on_stop=True))
    forget_the_last_event(tmp_path)
    model = tmp_path / "models" / "ring8" / "card.json"
    assert json.loads(model.read_text())["steps"] == 12
    resumed(tmp_path)
    assert json.loads(model.read_text())["steps"] == STEPS


def test_what_somebody_exported_after_the_run_is_not_replaced(whole: Path, tmp_path: Path) -> None:
    """Also of the same run; its card has the same configuration."""
    model = done(tmp_path, whole)
    export_command.main([str(folder_of(tmp_path)), "--models-dir", str(model.parent), "--overwrite"])
    with pytest.raises(InputError, match=r"^name: .*--overwrite$"):
        resumed(tmp_path, "--steps", "28")


@pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.slow), STEPS - 1])
def test_a_finished_run_cannot_be_shortened(steps: int, whole: Path, tmp_path: Path) -> None:
    done(tmp_path, whole)
    for mode in ((), ("--dry-run",)):
        with pytest.raises(InputError, match=f"^steps: the run has had {STEPS} generations; ask for at least as many$"):
            resumed(tmp_path, "--steps", str(steps), *mode)


def test_a_finished_run_that_is_given_nothing_to_do_says_so(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done(tmp_path, whole)
    resumed(tmp_path, "--steps", str(STEPS))
    assert f"at generation {STEPS} of {STEPS}; nothing is left to train" in capsys.readouterr().err
    assert outcome(tmp_path) == outcome(whole)
