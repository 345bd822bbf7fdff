"""Generators that cannot be exported, or are not what they seem, are refused in a line; others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from egan_tf import EGAN, Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.receipt.finding import OK
from egan_tf.export.receipt.receipt import verify
from egan_tf.utils.checks import InputError
from tests.export.receipts import faults

NAMES = ["a", "b", "c"]


class Conditional(keras.Model):
    """Noise and labels to points, as a subclass, which declares no inputs."""

    def __init__(self, width: int = 2, last: str | None = "tanh") -> None:
        super().__init__()
        self.dense, self.table = layers.Dense(width, last), layers.Embedding(3, 4)

    def call(self, inputs: Any, training: bool | None = None) -> tf.Tensor:
        """One number per coordinate."""
        first, labels = inputs
        return self.dense(tf.concat([first, self.table(labels)], axis=1))


def called(model: keras.Model, size: int) -> keras.Model:
    model([tf.zeros([2, size]), tf.zeros([2], tf.int32)])
    return model


@pytest.mark.parametrize("built", [True, False])
def test_a_conditional_subclass_is_exported_with_its_labels(built: bool, tmp_path: Path) -> None:
    model = called(Conditional(), 8) if built else Conditional()
    export_generator(model, tmp_path / "it", latent=Latent(8), class_names=NAMES, card={}, formats=["onnx"])
    sampler = Sampler(tmp_path / "it")
    noise = np.random.default_rng(0).standard_normal((3, 8), np.float32)
    expected = model([tf.constant(noise), tf.constant([2, 0, 1])]).numpy()
    assert sampler.generate(noise, ["c", "a", "b"]) == pytest.approx(expected, abs=1e-5)


def test_a_conditional_subclass_that_was_trained_is_exported(tmp_path: Path) -> None:
    egan = EGAN(called(Conditional(), 8), called(Conditional(1, None), 2))
    egan.compile()
    egan.fit(np.zeros([8, 2], np.float32), np.arange(8) % 3, batch_size=8, steps_per_epoch=1, verbose=0)
    egan.export_generator(tmp_path / "it", class_names=NAMES, formats=["onnx"])
    assert Sampler(tmp_path / "it").spec.class_names == tuple(NAMES)


def test_names_for_a_generator_without_labels_are_refused(tmp_path: Path) -> None:
    plain = keras.Sequential([layers.Input((8,)), layers.Dense(2)])
    with pytest.raises(InputError, match="takes no labels"):
        export_generator(plain, tmp_path / "it", class_names=NAMES, card={})


def functional(order: str) -> keras.Model:
    first, labels = keras.Input((8,), name="noise"), keras.Input((), dtype="int32", name="labels")
    joined = layers.Concatenate()([first, layers.Embedding(3, 4)(labels)])
    inputs: Any = {"reversed": [labels, first], "dictionary": {"noise": first, "labels": labels}}[order]
    return keras.Model(inputs, layers.Dense(2)(joined))


@pytest.mark.parametrize("order", ["reversed", "dictionary"])
def test_other_inputs_are_refused_with_what_is_wanted(order: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"noise \[batch, n\], or \[noise, labels\] in this order"):
        export_generator(functional(order), tmp_path / "it", latent=Latent(8), class_names=NAMES, card={})


class Layer(layers.Layer):
    """Does one of the things that a file cannot hold."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(**options)
        self.kind = kind

    def call(self, x: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """`x`, after a fault."""
        if self.kind == "numpy":
            return tf.constant(x.numpy())
        if self.kind == "branch":
            return -x if tf.reduce_sum(x) * 0 > 1 else x
        if self.kind == "batch":
            return x - tf.reduce_mean(x, axis=0)
        if self.kind == "random":
            return x + tf.random.normal(tf.shape(x))
        if training:
            raise RuntimeError("not made for training")
        return x


class Wrapped(keras.Model):
    """A subclass around a layer, which is called without being traced."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.first, self.last = Layer(kind), layers.Dense(2, "tanh")

    def call(self, x: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Points."""
        return self.last(self.first(x, training=training))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("numpy", "cannot be traced into a graph"),
        ("branch", "cannot be traced into a graph"),
        ("batch", "depend on the other rows of the batch"),
        ("random", "or that are random"),
    ],
)
def test_what_is_no_function_of_a_row_is_refused_in_a_line(kind: str, message: str, tmp_path: Path) -> None:
    model = Wrapped(kind)
    model(tf.zeros([2, 8]))
    with pytest.raises(InputError, match=message) as caught:
        export_generator(model, tmp_path / "it", latent=Latent(8), card={}, formats=["onnx"])
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_generator_that_is_only_for_inference_is_exported(tmp_path: Path) -> None:
    model = Wrapped("inference")
    model(tf.zeros([2, 8]))
    export_generator(model, tmp_path / "it", latent=Latent(8), card={}, formats=["onnx"])
    assert faults(tmp_path / "it") == {}


def test_an_error_of_a_layer_is_no_full_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = keras.Sequential([layers.Input((8,)), layers.Dense(2)])
    kind = type(FORMATS["saved_model"])

    class Broken(kind):  # type: ignore[misc, valid-type]
        def write(self, source: Any, directory: Path) -> None:
            raise tf.errors.InvalidArgumentError(None, None, "no such size")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FORMATS, "saved_model", Broken())
        export_generator(model, tmp_path / "it", latent=Latent(8), card={}, formats=["saved_model", "onnx"])
    assert "saved_model: cannot be converted: no such size; wrote onnx" in capsys.readouterr().err


def test_one_file_named_through_two_dots_is_the_same_file(tmp_path: Path) -> None:
    model = keras.Sequential([layers.Input((8,)), layers.Dense(2)])
    directory = export_generator(model, tmp_path / "it", latent=Latent(8), card={}, formats=["saved_model"])
    path = directory / "saved_model" / "variables" / ".." / "saved_model.pb"
    assert [finding.state for finding in verify(path, files_only=True)] == [OK, OK]
