"""Layers of the user that run in no graph, in no training mode or not for every batch: one line, or an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from egan_tf import InputError, Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.source import prepare_source
from egan_tf.export.writing import DiskError
from tests.export.generators import NORMAL, conv_generator


class Own(layers.Layer):
    """Computes a function of the samples and the mode."""

    def __init__(self, function: Callable[[Any, bool], Any]) -> None:
        super().__init__()
        self.function = function

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return shape

    def call(self, x: Any, training: bool = False) -> Any:
        # The symbolic call of Keras, in which a model is made, is no graph.
        return x if isinstance(x, keras.KerasTensor) else self.function(x, training)


def generator(function: Callable[[Any, bool], Any]) -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((6,)), layers.Dense(4), Own(function)])


def fails(*_: Any) -> Any:
    raise RuntimeError("this layer fails\nin two lines")


def by_rows(x: Any, *_: Any) -> Any:
    return x if x.shape[0] in (None, 2) else fails()


REFUSED: dict[str, tuple[Callable[[Any, bool], Any], str]] = {
    "numpy": (
        lambda x, _: tf.constant(x.numpy()),
        "cannot run in a graph of TensorFlow, of which every format is made: ",
    ),
    "if": (lambda x, _: x if tf.reduce_sum(x) > 0 else 2 * x, "cannot run in a graph of TensorFlow"),
    "always": (fails, r"does not take noise \[batch, 6\] alone: Own\.call\(\) raised this layer fails"),
    "other batches": (by_rows, r"cannot make 7 samples: Own\.call\(\) raised this layer fails"),
    "mean of the batch": (
        lambda x, _: x - tf.reduce_mean(x, axis=0),
        "its samples depend on the other rows of the batch: 7 of 64 differ by ",
    ),
    "neighbours": (lambda x, _: x + 1e-3 * tf.roll(x, 1, axis=0), "its samples depend on the other rows of the batch"),
    "order in the batch": (lambda x, _: tf.sort(x, axis=0), "its samples depend on the other rows of the batch"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    function, words = REFUSED[name]
    with pytest.raises(InputError, match=f"^generator: {words}") as caught:
        export_generator(generator(function), tmp_path / "it")
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value) and not list(tmp_path.iterdir())


def test_a_layer_without_a_training_mode_is_exported(tmp_path: Path) -> None:
    model = generator(lambda x, training: fails() if training else 2 * x)
    noise = np.ones((3, 6), np.float32)
    sampler = Sampler(export_generator(model, tmp_path / "it", formats=["onnx"]))
    np.testing.assert_allclose(sampler.generate(noise), model(noise, training=False), rtol=0, atol=1e-5)


def test_known_before_training() -> None:
    """What a rehearsal calls refuses it, and takes what is as it should be, in any precision."""
    with pytest.raises(InputError, match="depend on the other rows"):
        prepare_source(generator(lambda x, _: x - tf.reduce_mean(x, axis=0)), Latent(6), None)
    for policy in ("float32", "mixed_bfloat16", "bfloat16"):
        prepare_source(conv_generator(policy), NORMAL, (-1, 1))


def test_samples_that_are_not_finite_are_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^generator: makes samples that are not finite$"):
        export_generator(generator(lambda x, _: x / tf.zeros_like(x)), tmp_path / "it")


@pytest.mark.parametrize(
    ("kind", "of_the_disk"),
    [
        (tf.errors.InvalidArgumentError, False),
        (tf.errors.UnimplementedError, False),
        (tf.errors.InternalError, False),
        (tf.errors.ResourceExhaustedError, True),
        (tf.errors.UnknownError, True),
    ],
)
def test_errors_of_tensorflow_are_those_of_a_layer_or_of_the_disk(
    kind: type[tf.errors.OpError],
    of_the_disk: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Of a layer: the other formats are written. Of the disk: nothing is."""

    class Failing(type(FORMATS["onnx"])):  # type: ignore[misc]
        def write(self, source: Any, directory: Path) -> None:
            raise kind(None, None, "it broke")

    monkeypatch.setitem(FORMATS, "onnx", Failing())
    model = generator(lambda x, _: x)
    if of_the_disk:
        with pytest.raises(DiskError, match="^name: cannot write the onnx: it broke"):
            export_generator(model, tmp_path / "it")
        assert not list(tmp_path.iterdir())
    else:
        export_generator(model, tmp_path / "it")
        assert capfd.readouterr().err.endswith("onnx: cannot be converted: it broke; wrote saved_model\n")
