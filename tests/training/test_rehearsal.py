"""What the rooms after training refuse is known before it, and what they can do without is logged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from egan_tf import Sampler
from egan_tf.commands import train as train_command
from egan_tf.data.about import About
from egan_tf.data.base import Dataset
from egan_tf.evolution.egan import EGAN
from egan_tf.networks import NETWORKS, Architecture, mlp
from egan_tf.training import train as training
from egan_tf.training.check import check
from egan_tf.utils.json_lines import read_records
from tests.training.rooms import check_line, config_of, images, refusal, registered


class Signals(Dataset):
    """Samples of other kinds than images and points: rows of numbers."""

    name, split, class_names, about = "it", "train", (), About("Rows of numbers.")
    fingerprint = "0" * 64

    def __init__(self, shape: tuple[int, ...], value_range: tuple[float, float] | None) -> None:
        self.shape, self.value_range = shape, value_range

    def batches(self, size: int, seed: int, start: int = 0) -> Any:
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(np.zeros((size, *self.shape), np.float32)).repeat()


SLOW = [pytest.param(shape, marks=pytest.mark.slow) for shape in ((1,), (5, 2), (4, 4, 2), (2, 2, 2, 3))]


@pytest.mark.parametrize("shape", [(3,), *SLOW])
def test_samples_that_cannot_be_drawn_are_trained_without_pictures(
    shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(Signals(shape, None), monkeypatch)
    trained = training.train(config_of(tmp_path, [], "pixels", tensorboard=True))
    assert f"samples of shape {list(shape)} are no images or points" in capsys.readouterr().err
    assert not (trained.run / "samples").exists() and not (trained.export / "samples.png").exists()
    assert Sampler(trained.export).sample(3).shape == (3, *shape)


def test_images_without_a_range_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registered(Signals((4, 4, 3), None), monkeypatch)
    config = config_of(tmp_path, [], "pixels")
    assert not check_line(config, Signals((4, 4, 3), None), tmp_path, capsys)


@keras.saving.register_keras_serializable("tests.rooms")
class Bessel(keras.layers.Layer):
    """A layer that ONNX has not."""

    def call(self, inputs: Any) -> Any:
        """I₀, which grows slowly near 0."""
        import tensorflow as tf

        return tf.math.bessel_i0(inputs)


def bessel_generator(*arguments: Any) -> keras.Model:
    inner = mlp.mlp_generator(*arguments)
    return keras.Model(inner.inputs, keras.layers.Activation("tanh")(Bessel(name="users_own")(inner.output)))


@pytest.fixture
def unusual(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose generator the SavedModel holds, and ONNX does not."""
    registered(images(12, 5, 7, 3, None), monkeypatch)
    monkeypatch.setitem(NETWORKS, "mlp", Architecture("", bessel_generator, mlp.mlp_discriminator))


REASON = "onnx: operator BesselI0 of layer 'users_own' cannot be converted"


@pytest.mark.usefixtures("unusual")
def test_a_format_that_will_fail_is_told_before_training_and_after(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_of(tmp_path, [], "pixels", formats=("onnx", "saved_model"))
    (tmp_path / "config.json").write_text(config.to_json())
    train_command.main(["--config", str(tmp_path / "config.json"), "--dry-run"])
    assert capsys.readouterr().err == f"{REASON}; the export will hold saved_model\n"
    assert train_command.main(["--config", str(tmp_path / "config.json")]) == 0
    said = capsys.readouterr()
    assert f"{REASON}; the export will hold saved_model\n" in said.err
    assert f"{REASON}; wrote saved_model\n" in said.err
    assert "model: " in said.out and "sample: " not in said.out, "there is nothing to sample from without TensorFlow"
    card = json.loads((tmp_path / "models" / "it" / "card.json").read_text())
    assert list(card["failed_formats"]) == ["onnx"]
    events = read_records(tmp_path / "runs" / "001-it" / "events.jsonl")
    assert events[-1]["event"] == "exported" and events[-1]["failed_formats"] == card["failed_formats"]


@pytest.mark.usefixtures("unusual")
def test_a_run_that_no_format_could_hold_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_of(tmp_path, [], "pixels")
    refused = refusal(config, tmp_path, capsys)
    assert (
        refused
        == f"formats: {REASON}; nothing was exported; other formats are saved_model, keras, tflite, tflite_float16"
    )
    assert not check_line(config, images(12, 5, 7, 3, None), tmp_path, capsys)


def test_the_rehearsal_leaves_the_state_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(images(12, 8, 8, 1, None), monkeypatch)
    config = config_of(tmp_path, [], "pixels", "dcgan", precision="mixed_bfloat16")

    def state(egan: EGAN) -> list[np.ndarray]:
        return [variable.numpy() for variable in (*egan.variables, *egan.discriminator_optimizer.variables)]

    rehearsed = state(check(config).egan)
    plain = state(training.build(config, (8, 8, 1)))
    for one, other in zip(rehearsed, plain, strict=True):
        np.testing.assert_array_equal(one, other)
