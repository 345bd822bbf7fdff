"""Every network of the package in every format, also class-conditional: the samples of the Keras model."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from egan_tf.export import FORMATS, export_generator
from egan_tf.export.comparison import difference
from egan_tf.networks import NETWORKS
from egan_tf.sampling import SamplingSpec
from tests.export.networks import LATENT_SIZE, NAMES, SHAPE, network

CHEAP = {
    *(("mlp", name, True) for name in FORMATS),
    *(("dcgan", "onnx_int8", False), ("residual", "keras", True), ("modern", "tflite", False)),
}
"""Those that the suite runs without `-m slow`: each format, and the layers that a format could lack."""

CASES = [
    pytest.param(
        network_name,
        name,
        conditional,
        id=f"{network_name}-{name}-{'conditional' if conditional else 'plain'}",
        marks=() if (network_name, name, conditional) in CHEAP else pytest.mark.slow,
    )
    for network_name in NETWORKS
    for name in FORMATS
    for conditional in (False, True)
]


@pytest.mark.parametrize(("network_name", "name", "conditional"), CASES)
def test_it_samples_as_the_model(network_name: str, name: str, conditional: bool, tmp_path: Path) -> None:
    model = network(network_name, len(NAMES) if conditional else 0)
    names = NAMES if conditional else ()
    export_generator(model, tmp_path / "it", value_range=(-1, 1), formats=[name], class_names=names)
    spec = SamplingSpec(LATENT_SIZE, "normal", SHAPE, (-1.0, 1.0), len(names), names)
    noise = np.random.default_rng(5).standard_normal((9, LATENT_SIZE), dtype=np.float32)
    labels = [np.arange(9, dtype=np.int32) % 3] if conditional else []
    made = model([noise, *labels] if conditional else noise, training=False).numpy()
    assert made.std() > 0.1, "or a comparison shows little"
    expected, bound = FORMATS[name].expected(made, spec), FORMATS[name].bound(spec)
    sample_fn = FORMATS[name].load(tmp_path / "it")
    for size in (9, 1):
        inputs = (noise[:size], *(one[:size] for one in labels))
        assert difference(sample_fn(*inputs), expected[:size], bound).problem == ""
    assert difference(sample_fn(noise[::-1].copy(), *labels), expected, bound).problem, "other noise is noticed"
    if conditional:
        assert difference(sample_fn(noise, (labels[0] + 1) % 3), expected, bound).problem, "other labels are, too"
    found = json.loads((tmp_path / "it" / "card.json").read_text())["verification"][name]
    assert 0 <= found["rms_difference"] <= found["largest_difference"] <= found["tolerance"]
    assert (found["tolerance"], found["rms_tolerance"]) == tuple(bound)


def test_smaller_weights_make_smaller_files(tmp_path: Path) -> None:
    model = network("dcgan", shape=(16, 16, 3), width=32)
    formats = ("onnx", "onnx_float16", "onnx_int8")
    directory = export_generator(model, tmp_path / "it", value_range=(-1, 1), formats=formats)
    card = json.loads((directory / "card.json").read_text())
    whole, half, quarter = (card["files"][card["verification"][name]["files"][0]]["bytes"] for name in formats)
    assert half < 0.55 * whole and quarter < 0.35 * whole
    exact, near, far = (card["verification"][name]["rms_difference"] for name in formats)
    assert exact < near < far < 0.06


def test_the_weights_of_a_wrong_generator_exceed_every_bound() -> None:
    """A bound that lets a generator without one of its kernels pass would show nothing."""
    model = network("dcgan")
    noise = np.random.default_rng(5).standard_normal((64, LATENT_SIZE), dtype=np.float32)
    expected = model(noise, training=False).numpy()
    spec = SamplingSpec(LATENT_SIZE, "normal", SHAPE, (-1.0, 1.0))
    kernels = [weight for weight in model.trainable_weights if len(weight.shape) > 1]
    assert len(kernels) > 1
    for kernel in kernels:
        before = keras.ops.copy(kernel)
        kernel.assign(keras.ops.zeros_like(kernel))
        without = model(noise, training=False).numpy()
        kernel.assign(before)
        for name, format_ in FORMATS.items():
            assert difference(without, expected, format_.bound(spec)).problem, name
