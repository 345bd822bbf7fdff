"""Every network by name: shapes, value ranges, types, normalizations, serialization, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError
from egan_tf.evolution.map_functions import mixes_samples
from egan_tf.networks import NETWORKS, NORMALIZATIONS, build_discriminator, build_generator
from egan_tf.training.config_groups import NetworkConfig

LATENT, WIDTH = 5, 4
SHAPES = {"mlp": [(2,), (8, 8, 1), (5, 7, 3)]}
SQUARE = [(8, 8, 1), (12, 12, 4), (28, 28, 1), (32, 32, 3), (64, 64, 3)]
CASES = [(network, shape) for network in NETWORKS for shape in SHAPES.get(network, SQUARE)]
LARGE = [(network, (128, 128, 3)) for network in NETWORKS if network != "mlp"]
BY_NORMALIZATION = [
    (network, normalization)
    for network in NETWORKS
    for normalization in NORMALIZATIONS
    if network != "modern" or normalization in ("auto", "none")
]


def pair(
    network: str, shape: tuple[int, ...], width: int = WIDTH, normalization: str = "auto"
) -> tuple[keras.Model, keras.Model]:
    return (
        build_generator(network, shape, LATENT, width, normalization),
        build_discriminator(network, shape, width, normalization),
    )


def noise(count: int = 3) -> tf.Tensor:
    return tf.random.stateless_normal([count, LATENT], [1, 2])


def check(generator: keras.Model, discriminator: keras.Model, shape: tuple[int, ...]) -> None:
    assert generator.output_shape == (None, *shape) and discriminator.output_shape == (None, 1)
    samples = generator(100 * noise())
    logits = discriminator(samples)
    assert samples.dtype == logits.dtype == tf.float32
    assert samples.shape == (3, *shape) and logits.shape == (3, 1)
    assert np.isfinite(samples).all() and np.isfinite(logits).all()
    if len(shape) == 3:
        assert np.abs(samples).max() <= 1.0


@pytest.mark.parametrize(("network", "shape"), [*CASES, *(pytest.param(*it, marks=pytest.mark.slow) for it in LARGE)])
def test_shapes_and_range(network: str, shape: tuple[int, ...]) -> None:
    check(*pair(network, shape), shape)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("width", [1, 3, 17])
def test_any_width(network: str, width: int) -> None:
    check(*pair(network, (8, 8, 3), width), (8, 8, 3))


@pytest.mark.parametrize("network", NETWORKS)
def test_mixed_precision_gives_samples_and_logits_in_float32(network: str) -> None:
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        generator, discriminator = pair(network, (8, 8, 1))
    finally:
        keras.config.set_dtype_policy(policy)
    assert any(layer.compute_dtype == "bfloat16" for layer in generator.layers)
    assert all(variable.dtype == "float32" for variable in generator.variables + discriminator.variables)
    check(generator, discriminator, (8, 8, 1))


@pytest.mark.parametrize(("network", "normalization"), BY_NORMALIZATION)
def test_normalizations(network: str, normalization: str) -> None:
    """Each normalization is in the network, in every layer where it belongs, and no other one is."""
    for field, model in zip(("generator", "discriminator"), pair(network, (8, 8, 1), 4, normalization), strict=True):
        chosen = getattr(NETWORKS[network], f"{field}_normalization") if normalization == "auto" else normalization
        linear = [layer for layer in model.layers if hasattr(layer, "kernel")]
        spectral = [layer for layer in linear if hasattr(layer, "u")]
        batch = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
        assert spectral == (linear if chosen == "spectral" else [])
        assert bool(batch) == (chosen == "batch")
        assert mixes_samples(model) == (chosen == "batch")


@pytest.mark.parametrize("normalization", ["batch", "spectral"])
def test_modern_refuses_normalization(normalization: str) -> None:
    with pytest.raises(InputError, match="^generator_normalization: modern works without"):
        build_generator("modern", (8, 8, 1), LATENT, WIDTH, normalization)
    with pytest.raises(InputError, match="^discriminator_normalization: modern works without"):
        build_discriminator("modern", (8, 8, 1), WIDTH, normalization)


def test_the_default_is_the_same_everywhere() -> None:
    config = NetworkConfig()
    assert config.generator_normalization == config.discriminator_normalization == "auto" == NORMALIZATIONS[0]
    for build in (build_generator, build_discriminator):
        assert build.__defaults__ == ("auto", 0)


@pytest.mark.parametrize("network", NETWORKS)
def test_serialization(network: str, tmp_path: Path) -> None:
    generator, discriminator = pair(network, (8, 8, 1))
    inputs = (noise(), tf.tanh(tf.random.stateless_normal([3, 8, 8, 1], [3, 4])))
    for model, values in zip((generator, discriminator), inputs, strict=True):
        model(values, training=True)
        model.save(tmp_path / "it.keras")
        loaded = keras.saving.load_model(tmp_path / "it.keras")
        np.testing.assert_allclose(loaded(values), model(values), rtol=1e-5, atol=1e-6)
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        np.testing.assert_allclose(clone(values), model(values), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", sorted(set(NETWORKS) - {"mlp"}))
@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2,), "square images .*mlp takes any"),
        ((28, 32, 1), "square images"),
        ((34, 34, 3), "got 34, nearest are 32 and (36|40)$"),
        ((7, 7, 1), "got 7, nearest is 8$"),
        ((1, 1, 1), "got 1, nearest is 8$"),
    ],
)
def test_shapes_that_do_not_work_are_refused(network: str, shape: tuple[int, ...], words: str) -> None:
    for build in (lambda: build_generator(network, shape, 4, 8), lambda: build_discriminator(network, shape, 8)):
        with pytest.raises(InputError, match=f"^network: {network} .*{words}"):
            build()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("wrong", ["16", 16.0, True, 0, None], ids=str)
def test_sizes_that_are_no_numbers_are_refused(network: str, wrong: Any) -> None:
    for field, build in (
        ("width", lambda: build_generator(network, (8, 8, 1), 4, wrong)),
        ("width", lambda: build_discriminator(network, (8, 8, 1), wrong)),
        ("latent_size", lambda: build_generator(network, (8, 8, 1), wrong, 8)),
        ("sample_shape", lambda: build_generator(network, (8, 8, wrong), 4, 8)),
        ("sample_shape", lambda: build_discriminator(network, (8, 8, wrong), 8)),
        ("sample_shape", lambda: build_discriminator(network, wrong, 8)),
    ):
        with pytest.raises(InputError, match=f"^{field}: must be ") as error:
            build()
        assert "\n" not in str(error.value)


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(InputError, match="dcgan, mlp, modern, residual"):
        build_generator("resnet", (8, 8, 1), 4, 8)
    with pytest.raises(InputError, match="auto, batch, none, spectral"):
        build_discriminator("mlp", (2,), 8, "layer")


@pytest.mark.parametrize("network", NETWORKS)
def test_each_has_a_line_for_lists(network: str) -> None:
    summary = NETWORKS[network].summary
    assert summary and summary.isascii() and "\n" not in summary and len(summary) < 100


@pytest.mark.parametrize(("network", "shape"), CASES)
def test_no_upsampling_layers(network: str, shape: tuple[int, ...]) -> None:
    """They have no gradient under XLA on a GPU."""
    for model in pair(network, shape):
        assert not any(isinstance(layer, keras.layers.UpSampling2D) for layer in model.layers)
