"""`egan_tf.export_generator` takes any Keras generator, and `EGAN.export_generator` the fittest survivor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import egan_tf
from egan_tf import EGAN, InputError, Sampler
from tests.export.generators import conv_generator, mlp_generator


def test_a_plain_keras_model_needs_no_more_than_its_range(tmp_path: Path) -> None:
    model = conv_generator()
    directory = egan_tf.export_generator(model, tmp_path / "it", value_range=(-1, 1), formats=["onnx"])
    sampler = Sampler(directory)
    assert (sampler.latent_size, sampler.distribution) == (32, "normal")
    noise = sampler.noise(3)
    np.testing.assert_allclose(sampler.generate(noise), model(noise, training=False), rtol=0, atol=1e-5)


def test_an_egan_exports_its_fittest_survivor_with_its_own_noise(tmp_path: Path) -> None:
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(4, "relu"), layers.Dense(1)])
    egan = EGAN(mlp_generator(), discriminator, population_size=2, latent_distribution="uniform")
    options: dict[str, Any] = {"formats": ["onnx"], "card": {"description": "two points"}}
    first = egan.export_generator(tmp_path / "first", **options)
    second = egan_tf.export_generator(egan, tmp_path / "second", **options)
    assert (first / "generator.onnx").read_bytes() == (second / "generator.onnx").read_bytes()
    assert json.loads((first / "card.json").read_text())["description"] == "two points"
    sampler = Sampler(first)
    assert (sampler.latent_size, sampler.distribution, sampler.value_range) == (2, "uniform", None)
    noise = sampler.noise(5)
    np.testing.assert_allclose(sampler.generate(noise), egan.best_generator(noise), rtol=0, atol=1e-5)


def test_images_of_an_egan_have_its_range(tmp_path: Path) -> None:
    discriminator = keras.Sequential([keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(1)])
    directory = EGAN(conv_generator(), discriminator).export_generator(tmp_path / "it", formats=["onnx"])
    assert Sampler(directory).value_range == (-1.0, 1.0)


class Subclassed(keras.Model):
    """Says nothing of its inputs."""

    def call(self, noise: Any) -> Any:
        """The same."""
        return noise


REFUSED: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no range": (conv_generator, {}, "value_range: must be given for images"),
    "unknown noise": (mlp_generator, {"latent": "gauss"}, "latent: unknown value 'gauss'"),
    "unknown size": (Subclassed, {}, "latent: the generator does not say how long its noise is; give Latent(SIZE, "),
    "no model": (lambda: 3, {}, "generator: must be a Keras model, got int"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_missing_is_named(name: str, tmp_path: Path) -> None:
    make, options, message = REFUSED[name]
    with pytest.raises(InputError) as caught:
        egan_tf.export_generator(make(), tmp_path / "it", **options)
    assert str(caught.value).startswith(message) and not list(tmp_path.iterdir())
