"""`images.onnx`: the bytes of the sampler's pictures, read as torch-fidelity reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import pytest
from keras import layers

from egan_tf import InputError, Sampler
from egan_tf.evolution.latent import Latent
from egan_tf.export import export_generator
from egan_tf.sampling.pictures import on_white, to_pixels


def generator(channels: int, classes: int = 0) -> keras.Model:
    noise, labels = keras.Input((6,)), keras.Input((), dtype="int32")
    x = layers.Concatenate()([noise, layers.Embedding(classes, 4)(labels)]) if classes else noise
    x = layers.Dense(4 * 4 * channels, "tanh", kernel_initializer="random_normal")(x)
    return keras.Model([noise, labels] if classes else noise, layers.Reshape((4, 4, channels))(8.0 * x / 8.0))


def as_torch_fidelity(path: Path, *inputs: np.ndarray) -> np.ndarray:
    """Its `GenerativeModelONNX.forward`: inputs by position, the first output."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    assert len(names) == len(inputs)
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_it_makes_the_bytes_of_the_pictures(channels: int, distribution: str, tmp_path: Path) -> None:
    classes = ("a", "b", "c") if channels == 3 else ()
    directory = export_generator(
        generator(channels, len(classes)),
        tmp_path / "it",
        latent=Latent(6, distribution),
        value_range=(-1, 1),
        formats=["images", "onnx"],
        class_names=classes,
    )
    sampler = Sampler(directory)
    noise = np.random.default_rng(0).uniform(-1, 1, (64, 6)).astype(np.float32)
    given = noise if distribution == "normal" else ((noise + 1) / 2).astype(np.float32)
    labels = [np.arange(64) % 3] if classes else []
    pictures = as_torch_fidelity(directory / "images.onnx", given, *labels)
    assert pictures.dtype == np.uint8 and pictures.shape == (64, 3, 4, 4)
    samples = sampler.generate(noise, labels[0] if classes else None)
    expected = np.broadcast_to(on_white(to_pixels(samples, sampler.spec)), (64, 4, 4, 3)).transpose(0, 3, 1, 2)
    gap = np.abs(pictures.astype(int) - expected)
    # Samples that lie on half a level, up to the last bits of float32, may be rounded either way.
    assert gap.max() <= 1 and (gap > 0).mean() < 0.01
    assert pictures.std() > 2, "or it shows little"


def test_it_clips(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((6,)), layers.Dense(16), layers.Reshape((4, 4, 1))])
    model.layers[0].kernel.assign(np.zeros((6, 16)))
    model.layers[0].bias.assign(np.linspace(-1.000009, 1.000009, 16))
    directory = export_generator(model, tmp_path / "it", value_range=(-1, 1), formats=["images"])
    pictures = as_torch_fidelity(directory / "images.onnx", np.zeros((2, 6), np.float32))
    assert pictures[0, 0].ravel()[[0, -1]].tolist() == [0, 255] and np.all(np.diff(pictures[0, 0].ravel()) > 0)


def test_only_images_become_pictures(mlp: keras.Model, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"latent": "uniform", "value_range": None}
    with pytest.raises(
        InputError, match=r"^formats: images: samples of shape \[2\] are no images; nothing was exported"
    ):
        export_generator(mlp, tmp_path / "it", formats=["images"], **arguments)
