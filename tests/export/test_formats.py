"""Every format gives the samples of the Keras model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

from egan_tf.evolution.latent import Latent
from egan_tf.export import FORMATS, ExportMismatchError, Format, export_generator
from egan_tf.export.formats import SampleFn
from egan_tf.export.source import Source
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.utils.checks import InputError
from tests.export.generators import NORMAL, UNIFORM, conv_generator


def noise_for(model: keras.Model, batch: int) -> np.ndarray:
    return np.random.default_rng(batch).standard_normal((batch, model.input_shape[1]), dtype=np.float32)


@pytest.mark.parametrize("batch", [1, 7, 64])
@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_all_formats_agree(name: str, batch: int, request: pytest.FixtureRequest) -> None:
    model, directory = request.getfixturevalue(name), request.getfixturevalue(f"{name}_export")
    noise = noise_for(model, batch)
    expected = model(noise, training=False).numpy()
    loaded = tf.saved_model.load(directory / "saved_model")
    session = onnxruntime.InferenceSession(directory / "generator.onnx", providers=["CPUExecutionProvider"])
    for made in (
        loaded.serve(noise)["samples"].numpy(),
        loaded.signatures["serving_default"](noise=tf.constant(noise))["samples"].numpy(),
        session.run(["samples"], {"noise": noise})[0],
        Sampler(directory).generate(noise),
    ):
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, expected, rtol=0, atol=1e-5)


def test_training_mode_would_differ() -> None:
    model = conv_generator()
    noise = noise_for(model, 7)
    assert np.abs(model(noise, training=False).numpy() - model(noise, training=True).numpy()).max() > 0.1


def test_onnx_states_its_inputs_and_outputs(conv_export: Path, mlp_export: Path) -> None:
    model = onnx.load(conv_export / "generator.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert {entry.domain: entry.version for entry in model.opset_import}[""] == 18
    shapes = {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {"noise": ["batch", 32], "samples": ["batch", 16, 16, 3]}
    images, points = Sampler(conv_export), Sampler(mlp_export)
    assert (images.latent_size, images.distribution, images.value_range) == (32, "normal", (-1.0, 1.0))
    assert (points.latent_size, points.distribution, points.value_range) == (2, "uniform", None)
    assert images.sample_shape == (16, 16, 3) and points.sample_shape == (2,)


def test_saved_model_stores_every_weight_once(conv: keras.Model, conv_export: Path) -> None:
    stored = tf.train.list_variables(conv_export / "saved_model" / "variables" / "variables")
    numbers = sum(int(np.prod(shape)) for name, shape in stored if "OBJECT_GRAPH" not in name)
    assert numbers == conv.count_params()


def in_sequential(model: keras.Model) -> keras.Model:
    return keras.Sequential([keras.Input(model.input_shape[1:]), model])


def in_functional(model: keras.Model) -> keras.Model:
    noise = keras.Input(model.input_shape[1:])
    return keras.Model(noise, model(noise))


NESTED: dict[str, Callable[[keras.Model], keras.Model]] = {
    "plain": lambda model: model,
    "in a sequential model": in_sequential,
    "in a functional model": in_functional,
    "in both": lambda model: in_functional(in_sequential(model)),
}


@pytest.mark.parametrize(
    ("policy", "nested"),
    [("mixed_float16", "plain"), ("bfloat16", "plain"), *(("mixed_bfloat16", nested) for nested in NESTED)],
)
def test_mixed_precision_is_exported_in_float32(policy: str, nested: str, tmp_path: Path) -> None:
    inner = conv_generator(policy)
    model = NESTED[nested](inner)
    directory = export_generator(model, tmp_path / "low", latent=NORMAL, value_range=(-1, 1), card={})
    noise = noise_for(model, 64)
    made = Sampler(directory).generate(noise)
    loaded = tf.saved_model.load(directory / "saved_model")
    served = loaded.serve(noise)["samples"]
    assert served.dtype == tf.float32
    np.testing.assert_allclose(made, served, rtol=0, atol=1e-5)
    expected = tf.cast(model(noise, training=False), tf.float32).numpy()
    assert np.abs(made - expected).max() < 0.25 and np.sqrt(np.mean((made - expected) ** 2)) < 0.03
    assert {layer.dtype_policy.name for layer in inner.layers} == {policy}  # the generator itself is left alone


def test_a_single_format(mlp: keras.Model, tmp_path: Path) -> None:
    for name, there, absent in (
        ("onnx", "generator.onnx", "saved_model"),
        ("saved_model", "saved_model", "generator.onnx"),
    ):
        directory = tmp_path / name
        export_generator(mlp, directory, latent=UNIFORM, value_range=None, card={}, formats=[name])
        assert (directory / there).exists() and not (directory / absent).exists()
        assert (directory / "samples.png").exists()
        assert absent not in (directory / "README.md").read_text()


class KerasArchive(Format):
    """A format of a contributor."""

    def write(self, source: Source, directory: Path) -> None:
        source.model.save(directory / "generator.keras")

    def load(self, directory: Path) -> SampleFn:
        model = keras.saving.load_model(directory / "generator.keras")
        return lambda noise: model(noise, training=False).numpy()

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        return [f"Open {path}/generator.keras; it takes {spec.latent_size} numbers."]


def test_a_new_format_needs_only_a_class_and_a_name(
    mlp: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(FORMATS, "keras_archive", KerasArchive())
    names = ["keras_archive", "onnx"]
    export_generator(mlp, "it", latent=UNIFORM, value_range=None, card={}, formats=names)
    card = json.loads(Path("it", "card.json").read_text("utf-8"))
    assert list(card["verification"]) == names and card["preview"]["made_with"] == "onnx"
    assert "generator.keras" in card["files"]
    assert "Open it/generator.keras; it takes 2 numbers." in Path("it", "README.md").read_text("utf-8")


def functional(inputs: int) -> keras.Model:
    noises = [keras.Input((4,)) for _ in range(inputs)]
    together = layers.concatenate(noises) if inputs > 1 else noises[0]
    return keras.Model(noises, layers.Dense(2)(together))


class Conditional(keras.Model):
    """Takes noise and labels; only the signature of `call` shows it."""

    def call(self, noise: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns points."""
        return noise + labels


class Two(keras.Model):
    """Makes two tensors."""

    def call(self, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the noise twice."""
        return noise, noise


REFUSED = {
    "two inputs": (
        lambda: functional(2),
        Latent(4),
        None,
        "class_names: must be given for a generator with a second input",
    ),
    "labels": (Conditional, Latent(4), None, "generator: does not take noise"),
    "two outputs": (Two, Latent(4), None, "generator: must make one tensor"),
    "no model": (lambda: 3, Latent(4), None, "generator: must be a Keras model"),
    "other latent size": (lambda: functional(1), Latent(5), None, "generator: does not take noise"),
    "no range of images": (conv_generator, NORMAL, None, "value_range: must be given"),
    "range upside down": (conv_generator, NORMAL, (1, -1), "value_range: must go from low to high"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_what_it_cannot_export(name: str, tmp_path: Path) -> None:
    make, latent, value_range, message = REFUSED[name]
    with pytest.raises(InputError) as caught:
        export_generator(make(), tmp_path / "it", latent=latent, value_range=value_range, card={})
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_refuses_unknown_formats_and_cards(mlp: keras.Model, tmp_path: Path) -> None:
    for changes, message in (
        ({"formats": ["onx"]}, "formats: unknown value 'onx' .did you mean 'onnx'"),
        ({"formats": []}, "formats: must name"),
        ({"formats": "onnx"}, "formats: must be a list"),
        ({"card": {"files": 1}}, "card: files"),
        ({"card": {"model": mlp}}, "card: cannot hold"),
        ({"card": 3}, "card: must be"),
        ({"preview_seed": -1}, "preview_seed"),
        ({"preview_seed": 10**5000}, "preview_seed: must be at most 9223372036854775807, got a number of thousands"),
    ):
        arguments = {"latent": UNIFORM, "value_range": None, "card": {}, **changes}
        with pytest.raises(InputError, match=message):
            export_generator(mlp, tmp_path / "it", **arguments)
    assert not list(tmp_path.iterdir())


def test_refuses_samples_out_of_range_or_not_finite(tmp_path: Path) -> None:
    linear = keras.Sequential([layers.Input((4,)), layers.Dense(64 * 9), layers.Reshape((8, 8, 9))])
    linear.layers[0].kernel.assign(tf.ones([4, 64 * 9]))
    with pytest.raises(ExportMismatchError, match="outside its value range"):
        export_generator(linear, tmp_path / "it", latent=Latent(4), value_range=(-1, 1), card={})
    linear.layers[0].bias.assign(tf.fill([64 * 9], float("nan")))
    with pytest.raises(ExportMismatchError, match="not finite"):
        export_generator(linear, tmp_path / "it", latent=Latent(4), value_range=(-1, 1), card={})
    assert not list(tmp_path.iterdir())


def test_the_same_generator_gives_the_same_onnx_bytes_at_any_time(conv: keras.Model, tmp_path: Path) -> None:
    """tf2onnx numbers its nodes through the process."""
    files = [
        export_generator(conv, tmp_path / name, latent=NORMAL, value_range=(-1, 1), card={}, formats=["onnx"])
        for name in ("first", "second")
    ]
    assert (files[0] / "generator.onnx").read_bytes() == (files[1] / "generator.onnx").read_bytes()
