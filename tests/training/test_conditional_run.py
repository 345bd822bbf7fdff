"""`--conditional` from the command line to samples of a class, resumed bit for bit."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from egan_tf import InputError, Sampler, data
from egan_tf.commands import train as train_command
from egan_tf.sampling import command as sample_command
from egan_tf.utils.json_lines import read_records
from tests.training.rooms import images, registered

SMALL = ["--width", "4", "--batch-size", "8", "--metrics", "--xla", "off", "--log-every", "2", "--sample-every", "2"]
# A step that is compiled sooner.
SMALL += ["--mutations", "heuristic", "minimax", "--tournaments", "always"]


def flags(where: Path, *more: str) -> list[str]:
    folders = [f"--{name}={where / name}" for name in ("runs-dir", "models-dir", "data-dir")]
    return ["--dataset", "digits", "--conditional", *SMALL, *folders, "--checkpoint-every", "2", *more]


def test_from_a_flag_to_samples_of_a_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    train_command.main(flags(tmp_path, "--steps", "4"))
    # The command that is printed at the end works as it is.
    command = capsys.readouterr().out.splitlines()[-1].removeprefix("sample: ")
    assert sample_command.main(shlex.split(command.split("sampl", 1)[1])[1:]) == 0
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == ((8 * 9 - 1) * 6, (10 * 9 - 1) * 6)
    model = tmp_path / "models-dir" / "digits"
    sampler = Sampler(model)
    assert sampler.class_names == tuple("0123456789")
    assert not np.array_equal(sampler.sample(3, labels="3"), sampler.sample(3, labels="4"))
    card = json.loads((model / "card.json").read_text())
    assert card["class_names"] == list("0123456789") and card["config"]["network"]["conditional"]
    for picture in (model / "samples.png", *(tmp_path / "runs-dir" / "001-digits" / "samples").glob("*.png")):
        with Image.open(picture) as grid:
            assert grid.size == ((8 * 9 - 1) * 6, (10 * 9 - 1) * 6), "a row for each class"


@pytest.mark.parametrize("classes", [None, 3])
def test_labels_and_flag_go_together(classes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(images(40, 8, 8, 1, classes), monkeypatch)
    command = [*flags(tmp_path, "--steps", "2", "--dry-run")]
    command[command.index("digits")] = "it"
    if classes:
        train_command.main(command)
        return
    with pytest.raises(InputError, match="^conditional: the data has no labels"):
        train_command.main(command)


def test_a_class_without_images_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = images(40, 8, 8, 1, 3)
    labels = np.where(np.asarray(some.labels) == 1, 0, some.labels)
    registered(data.ImageDataset("it", some.images, labels, ("a", "b", "c")), monkeypatch)
    command = [*flags(tmp_path, "--steps", "2", "--dry-run")]
    command[command.index("digits")] = "it"
    with pytest.raises(InputError, match="^dataset: it has no image of the class 'b' that can be used; --conditional"):
        train_command.main(command)
    command.remove("--conditional")
    train_command.main(command)


@pytest.mark.slow
def test_an_interrupted_run_with_labels_equals_one_without_interruption(tmp_path: Path) -> None:
    more = ["--augmentations", "color", "cutout", "--r1-weight", "0.1", "--penalty-every", "3", "--burn-in", "4"]
    more += ["--initial-penalty-factor", "5", "--initial-beta-2", "0.9", "--lecam-weight", "0.1", "--steps", "6"]
    more += ["--network", "mlp", "--mutations", "heuristic"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_command.main(flags(whole, *more))
    with pytest.MonkeyPatch.context() as patch:
        stop_after(4, patch)
        train_command.main(flags(parts, *more))
    train_command.main(["--resume", str(parts / "runs-dir" / "001-digits")])
    ours, theirs = ((folder / "runs-dir" / "001-digits" / "metrics.jsonl").read_text() for folder in (whole, parts))
    assert ours == theirs
    found, expected = (Sampler(folder / "models-dir" / "digits").sample(20, labels=7) for folder in (parts, whole))
    np.testing.assert_array_equal(found, expected)


def stop_after(generation: int, patch: pytest.MonkeyPatch) -> None:
    """Sends SIGTERM to the run at the end of a generation."""
    import os
    import signal

    from egan_tf.training.callbacks.metrics_log import MetricsLog

    report = MetricsLog.report

    def reporting(self: MetricsLog, number: int, logs: dict) -> None:
        report(self, number, logs)
        if number == generation:
            os.kill(os.getpid(), signal.SIGTERM)

    patch.setattr(MetricsLog, "report", reporting)


@pytest.mark.slow
def test_every_class_has_its_metrics(tmp_path: Path) -> None:
    metrics = ["--metrics", "frechet_distance", "--extractor", "pixels", "--evaluation-samples", "200"]
    command = flags(tmp_path, "--steps", "2", "--evaluate-every", "2", "--network", "mlp")
    position = command.index("--metrics")
    train_command.main([*command[:position], *metrics, *command[position + 1 :]])
    run = tmp_path / "runs-dir" / "001-digits"
    whole, by_class = (read_records(run / f"evaluations{name}.jsonl") for name in ("", "_by_class"))
    assert [record["n_fake"] for record in whole] == [200]
    assert [record["class"] for record in by_class] == list("0123456789")
    digits = data.load("digits", tmp_path)
    assert isinstance(digits, data.ImageDataset) and digits.labels is not None
    counts = np.bincount(digits.labels)
    assert [record["n_real"] for record in by_class] == [min(20, count) for count in counts]
    assert all(np.isfinite(record["value"]) and record["step"] == 2 for record in by_class)
    assert len({record["value"] for record in by_class}) == 10


@pytest.mark.parametrize("classes", [None, 3])
def test_labels_that_are_not_used_are_said(
    classes: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(images(40, 8, 8, 1, classes), monkeypatch)
    command = flags(tmp_path, "--steps", "1", "--sample-every", "1", "--log-every", "1")
    command.remove("--conditional")
    command[command.index("digits")] = "it"
    train_command.main([*command, "--checkpoint-every", "1", "--network", "mlp"])
    assert ("the labels of its 3 classes are not used" in capsys.readouterr().err) == bool(classes)
