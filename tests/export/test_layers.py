"""What a generator may be made of: every layer is exported as ONNX, or named by the line that says it cannot be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError, Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.formats import Format
from egan_tf.export.layers import layer_of
from egan_tf.export.source import prepare_source
from egan_tf.export.writing import write_formats
from tests.export.layers import (
    ACTIVATIONS,
    LATENT_SIZE,
    LAYERS,
    MORE_LAYERS,
    NOT_IN_ONNX,
    Apply,
    generator,
    wired,
)
from tests.export.networks import SHAPE, network

LATENT = Latent(LATENT_SIZE)


@pytest.fixture(autouse=True)
def _no_messages_of_libraries(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.name for record in caplog.records if record.name.startswith("tf2onnx")] == []


def check_onnx(model: keras.Model, directory: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Writes ONNX and compares it; says nothing on the terminal, not even from the libraries."""
    source = prepare_source(model, LATENT, (-1e6, 1e6))
    capfd.readouterr()
    _, failed = write_formats(["onnx"], source, directory)
    assert failed == {}
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_all_activations(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """In one graph; the slow tests say which one fails."""

    def connect(x: Any) -> Any:
        # Each has its own input: of two kinds of GELU of one tensor onnxruntime fuses one, and loses what they share.
        inputs = [keras.layers.Rescaling(1 + place / 50)(x) for place in range(len(ACTIVATIONS))]
        made = [keras.layers.Activation(one)(x) for one, x in zip(ACTIVATIONS.values(), inputs, strict=True)]
        return keras.layers.Concatenate()(made)

    check_onnx(wired(connect), tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_onnx(generator(keras.layers.Activation(ACTIVATIONS[name])), tmp_path, capfd)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_onnx(LAYERS[name](), tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE_LAYERS)
def test_more_layers(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    check_onnx(MORE_LAYERS[name](), tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LAYERS, *MORE_LAYERS])
def test_every_layer_as_saved_model(name: str, tmp_path: Path) -> None:
    source = prepare_source({**LAYERS, **MORE_LAYERS}[name](), LATENT, (-1e6, 1e6))
    assert write_formats(["saved_model"], source, tmp_path)[1] == {}


def export(model: keras.Model, directory: Path, **changes: Any) -> Path:
    return export_generator(model, directory, latent=LATENT, value_range=(-1e6, 1e6), card={}, **changes)


QUICK = ("Bucketize", "diagonal", "inverse", "while", "random by seed")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NOT_IN_ONNX]
)
def test_a_format_that_cannot_hold_the_generator_is_named_and_the_others_are_written(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make, words = NOT_IN_ONNX[name]
    model = make()
    capfd.readouterr()
    directory = export(model, tmp_path / "it")
    said = capfd.readouterr().err
    assert re.fullmatch(f"onnx: {words} cannot be converted; wrote saved_model\n", said)
    card = json.loads((directory / "card.json").read_text())
    reason = card["failed_formats"]["onnx"]
    assert said == f"onnx: {reason}; wrote saved_model\n"
    assert list(card["verification"]) == ["saved_model"]
    readme = (directory / "README.md").read_text("utf-8")
    assert f"Not exported as onnx: {reason}." in readme
    assert "generator.onnx" not in readme
    assert sorted(path.name for path in directory.iterdir()) == ["README.md", "card.json", "saved_model"]
    noise = np.random.default_rng(0).standard_normal((5, LATENT_SIZE), dtype=np.float32)
    loaded = tf.saved_model.load(str(directory / "saved_model"))
    np.testing.assert_allclose(loaded.serve(noise)["samples"], model(noise, training=False), atol=1e-5)
    with pytest.raises(InputError, match=f"^formats: onnx: {words} cannot be converted; nothing was exported; other "):
        export(model, tmp_path / "alone", formats=["onnx"])
    assert not (tmp_path / "alone").exists()


def counting(x: tf.Tensor) -> tf.Tensor:
    """Makes other samples in every call."""
    COUNTER.assign_add(1.0)
    return x + COUNTER


COUNTER = tf.Variable(0.0)

NOWHERE = {
    "python": (lambda x: tf.ensure_shape(tf.numpy_function(lambda a: 2 * a, [x], tf.float32), x.shape), "PyFunc"),
    "python, eager": (lambda x: tf.ensure_shape(tf.py_function(lambda a: 2 * a, [x], tf.float32), x.shape), "EagerPyF"),
    "state": (counting, "operator AssignAddVariableOp of layer 'users_own' changes a variable in inference mode"),
}


@pytest.mark.parametrize("name", NOWHERE)
def test_what_no_format_can_hold_is_refused(name: str, tmp_path: Path) -> None:
    function, words = NOWHERE[name]
    with pytest.raises(InputError, match="^formats: onnx: .*; nothing was exported$") as caught:
        export(generator(Apply(function)), tmp_path / "it", formats=list(FORMATS))
    assert words in str(caught.value)
    assert all(f"{name}: " in str(caught.value) for name in FORMATS)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


DRAWING = {
    "random": (
        lambda x: x + tf.random.normal(tf.shape(x)),
        "operator RandomStandardNormal of layer 'users_own' draws numbers",
    ),
    "a little random": (
        lambda x: x + 1e-7 * tf.random.normal(tf.shape(x)),
        "operator RandomStandardNormal of layer 'users_own' draws numbers",
    ),
    "random in a branch": (
        lambda x: tf.cond(tf.reduce_sum(x) > 9e9, lambda: x, lambda: x + tf.random.uniform(tf.shape(x)) * 1e-8),
        "operator RandomUniform",
    ),
    "choosing at random": (
        lambda x: x + 1e-8 * tf.cast(tf.random.categorical(tf.zeros([1, 3]), 1), x.dtype)[0, 0],
        "operator Multinomial of layer 'users_own' draws numbers",
    ),
}


@pytest.mark.parametrize("name", DRAWING)
def test_a_generator_that_draws_numbers_is_refused(name: str, tmp_path: Path) -> None:
    function, words = DRAWING[name]
    with pytest.raises(InputError, match=f"^generator: {words}.*in every call; export one without$") as caught:
        export(generator(Apply(function)), tmp_path / "it", formats=list(FORMATS))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + 0.1 * tf.random.stateless_normal(tf.shape(x)[1:], seed=[1, 2]),
        lambda x: (tf.random.normal(tf.shape(x)), x)[1],
    ],
    ids=["of a constant seed", "unused"],
)
def test_numbers_that_are_the_same_in_every_call_are_exported(function: Any, tmp_path: Path) -> None:
    directory = export(generator(Apply(function)), tmp_path / "it", formats=["saved_model"])
    assert (directory / "saved_model").is_dir()


SOON = ("onnx", "saved_model")


@pytest.mark.parametrize(
    ("failing", "step"),
    [
        pytest.param(name, step, marks=() if name in SOON or step == "run" else pytest.mark.slow)
        for name in FORMATS
        for step in ("write", "load", "run")
    ],
)
def test_whatever_a_format_raises_leaves_the_others(
    failing: str,
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    kind: type[Format] = type(FORMATS[failing])

    def fail(*_: Any) -> Any:
        raise RuntimeError("a library\nin several lines, of layer dense_7")

    class Failing(kind):  # type: ignore[misc, valid-type]
        def write(self, source: Any, directory: Path) -> None:
            super().write(source, directory)
            if step == "write":
                fail()

        def load(self, directory: Path) -> Any:
            return super().load(directory) if step == "write" else fail if step == "run" else fail()

    monkeypatch.setitem(FORMATS, failing, Failing())
    other = "saved_model" if failing == "onnx" else "onnx"
    capfd.readouterr()
    directory = export_generator(network("mlp"), tmp_path / "it", value_range=(-1, 1), formats=[failing, other])
    assert capfd.readouterr().err == f"{failing}: cannot be converted: a library; wrote {other}\n"
    present = {path.name for path in directory.iterdir()}
    assert present == {"README.md", "card.json", "samples.png", "generator.onnx" if other == "onnx" else "saved_model"}
    if other == "onnx":
        assert Sampler(directory).sample(3).shape == (3, *SHAPE)


@pytest.mark.parametrize(
    ("text", "layer"),
    [
        ("model_1/outer_1/inner_1/Gelu/Erfc", "inner"),
        ("model/outer/Erfc", "outer"),
        ("Error in node name: model_1/outer_1/inner_2/while, that", "inner"),
        ("elsewhere/Erfc", None),
        ("", None),
    ],
)
def test_the_innermost_layer_is_named(text: str, layer: str | None) -> None:
    outer = keras.Sequential([keras.layers.Dense(2, name="inner")], name="outer")
    assert layer_of(text, keras.Sequential([keras.Input((2,)), outer], name="model")) == layer
