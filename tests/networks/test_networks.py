"""The networks: shapes, value ranges, the sizes of the authors, errors."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError
from egan_tf.networks import NETWORKS, build_discriminator, build_generator

SHAPES = {"mlp": [(2,), (8, 8, 1)], "dcgan": [(8, 8, 1), (28, 28, 1), (32, 32, 3), (64, 64, 3)]}
CASES = [(network, shape) for network in NETWORKS for shape in SHAPES.get(network, [(8, 8, 1)])]


@pytest.mark.parametrize("normalization", ["none", "batch"])
@pytest.mark.parametrize(("network", "shape"), CASES)
def test_shapes_and_range(network: str, shape: tuple[int, ...], normalization: str) -> None:
    generator = build_generator(network, shape, 5, 8, normalization)
    discriminator = build_discriminator(network, shape, 8, normalization)
    samples = generator(100 * tf.random.stateless_normal([3, 5], [1, 2]))
    assert samples.shape == (3, *shape)
    assert discriminator(samples).shape == (3, 1)
    if len(shape) == 3:
        assert np.abs(samples).max() <= 1.0


def output_channels(model: keras.Model) -> list[int]:
    return [layer.filters for layer in model.layers if hasattr(layer, "filters")]


def test_the_cifar_networks_of_the_authors() -> None:
    generator = build_generator("dcgan", (32, 32, 3), 100, 128)
    discriminator = build_discriminator("dcgan", (32, 32, 3), 128, "batch")
    assert generator.layers[1].units == 4 * 4 * 512
    assert output_channels(generator) == [256, 128, 3]
    assert output_channels(discriminator) == [128, 256, 512]
    normalizations = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normalizations) == 2


def test_the_toy_networks_of_the_authors() -> None:
    generator = build_generator("mlp", (2,), 2, 512)
    assert [layer.units for layer in generator.layers if hasattr(layer, "units")] == [512, 512, 512, 2]
    assert generator.count_params() == (2 * 512 + 512) + 2 * (512 * 512 + 512) + (512 * 2 + 2)


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3)])
def test_no_upsampling_layers(shape: tuple[int, ...]) -> None:
    for model in (build_generator("dcgan", shape, 4, 8), build_discriminator("dcgan", shape, 8)):
        assert not any(isinstance(layer, keras.layers.UpSampling2D) for layer in model.layers)


@pytest.mark.parametrize("shape", [(2,), (28, 32, 1), (7, 7, 1), (34, 34, 3), (2, 2, 1)])
def test_dcgan_refuses_what_it_cannot_halve(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="^network: "):
        build_generator("dcgan", shape, 4, 8)


def test_unknown_names_list_the_known() -> None:
    with pytest.raises(InputError, match="dcgan, mlp"):
        build_generator("resnet", (8, 8, 1), 4, 8)
    with pytest.raises(InputError, match="batch, none"):
        build_discriminator("mlp", (2,), 8, "layer")
