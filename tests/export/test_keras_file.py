"""The .keras file: layers that a receiver can load, and nothing that runs Python code of others."""

from __future__ import annotations

import pickletools
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf import InputError
from egan_tf.export import export_generator
from egan_tf.export.formats.embedded import read_embedded
from egan_tf.sampling import SamplingSpec
from tests.export.networks import LATENT_SIZE, NAMES, SHAPE, network


class Unregistered(layers.Layer):
    """A layer of the user's module."""

    def call(self, inputs: Any) -> Any:
        """The same."""
        return inputs


@keras.saving.register_keras_serializable("mine")
class Registered(Unregistered):
    """Registered, but in this process only."""


def own_activation(x: Any) -> Any:
    """A function of the user's module."""
    return keras.ops.tanh(x)


LAYERS = {
    "Lambda": (lambda: layers.Lambda(lambda x: x), "is a Lambda, Python code"),
    "unregistered": (Unregistered, "of class Unregistered is none of Keras or egan_tf"),
    "registered": (Registered, "of class Registered is none of Keras or egan_tf"),
    "function": (lambda: layers.Activation(own_activation), "own_activation is none of Keras or egan_tf"),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_that_a_receiver_cannot_load_are_refused(name: str, tmp_path: Path) -> None:
    make, message = LAYERS[name]
    model = keras.Sequential([keras.Input((3,)), keras.Sequential([layers.Dense(2), make()])])
    with pytest.raises(InputError, match=f"^formats: keras: .*{message}") as caught:
        export_generator(model, tmp_path / "it", formats=["keras"])
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_the_file_holds_the_specification_and_no_pickle(tmp_path: Path) -> None:
    model = network("modern", len(NAMES))
    directory = export_generator(model, tmp_path / "it", value_range=(-1, 1), formats=["keras"], class_names=NAMES)
    file = directory / "generator.keras"
    assert read_embedded(file) == SamplingSpec(LATENT_SIZE, "normal", SHAPE, (-1.0, 1.0), 3, NAMES)
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["config.json", "egan_tf.json", "metadata.json", "model.weights.h5"]
        for name in archive.namelist():
            with pytest.raises(ValueError, match="."):
                list(pickletools.genops(archive.read(name)))
    again = keras.saving.load_model(file, compile=False)
    noise, labels = np.ones((3, LATENT_SIZE), np.float32), np.arange(3)
    np.testing.assert_array_equal(again([noise, labels]), model([noise, labels]))


def test_a_file_without_a_specification_is_named(tmp_path: Path) -> None:
    (tmp_path / "generator.keras").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"^metadata: none of egan_tf in generator\.keras, or damaged"):
        read_embedded(tmp_path / "generator.keras")
