"""The networks against the tables of the papers and the authors' settings."""

from __future__ import annotations

import keras
import pytest

from egan_tf.networks import build_discriminator, build_generator


def output_channels(model: keras.Model, kernel: int) -> list[int]:
    """The channels of the convolutions with this kernel, in order."""
    return [layer.filters for layer in model.layers if getattr(layer, "kernel_size", None) == (kernel, kernel)]


def test_dcgan_for_cifar() -> None:
    generator = build_generator("dcgan", (32, 32, 3), 100, 128)
    discriminator = build_discriminator("dcgan", (32, 32, 3), 128, "batch")
    assert generator.layers[1].units == 4 * 4 * 512
    assert output_channels(generator, 4) == [256, 128, 3]
    assert output_channels(discriminator, 4) == [128, 256, 512]
    normalizations = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normalizations) == 2


@pytest.mark.parametrize(("side", "width"), [(64, 128), pytest.param(128, 64, marks=pytest.mark.slow)])
def test_dcgan_for_bedrooms_and_faces(side: int, width: int) -> None:
    generator = build_generator("dcgan", (side, side, 3), 100, width)
    discriminator = build_discriminator("dcgan", (side, side, 3), width)
    assert generator.layers[1].units == 4 * 4 * 1024
    channels = [channels for channels in (64, 128, 256, 512, 1024) if channels >= width]
    assert output_channels(generator, 4) == [*channels[-2::-1], 3]
    assert output_channels(discriminator, 4) == channels


def test_mlp_for_the_toys() -> None:
    generator = build_generator("mlp", (2,), 2, 512)
    assert [layer.units for layer in generator.layers if hasattr(layer, "units")] == [512, 512, 512, 2]
    assert generator.count_params() == (2 * 512 + 512) + 2 * (512 * 512 + 512) + (512 * 2 + 2)


# Miyato et al. 2018, tables 4 to 6: side, width, channels of the generator from the smallest feature map to the image,
# channels of each block of the discriminator, how many of those halve the side, and the side that is left.
SNGAN = [
    (32, 128, [256, 256, 256, 256], [128, 128, 128, 128], 2, 8),
    pytest.param(48, 64, [512, 256, 128, 64], [64, 128, 256, 512, 1024], 4, 3, marks=pytest.mark.slow),
    pytest.param(
        128, 64, [1024, 1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024, 1024], 5, 4, marks=pytest.mark.slow
    ),
]


@pytest.mark.parametrize(("side", "width", "made", "judged", "halvings", "left"), SNGAN)
def test_residual_has_the_tables_of_sngan(
    side: int, width: int, made: list[int], judged: list[int], halvings: int, left: int
) -> None:
    generator = build_generator("residual", (side, side, 3), 128, width)
    start = side >> (len(made) - 1)
    assert generator.layers[1].units == start * start * made[0]
    assert output_channels(generator, 3) == [*(channels for channels in made[1:] for _ in range(2)), 3]
    assert output_channels(generator, 1) == made[1:]
    discriminator = build_discriminator("residual", (side, side, 3), width)
    # The first convolution of a block keeps the channels, but for the first block.
    first = [judged[0], *judged[:-1]]
    assert output_channels(discriminator, 3) == [
        channels for pair in zip(first, judged, strict=True) for channels in pair
    ]
    last = next(layer for layer in discriminator.layers if type(layer).__name__ == "SumPooling")
    assert last.input.shape[1:] == (left, left, judged[-1])
    pools = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.AveragePooling2D)]
    assert len(pools) == 2 * halvings
    assert all(hasattr(layer, "u") for layer in discriminator.layers if hasattr(layer, "kernel"))


def test_modern_doubles_its_channels_up_to_eight_times() -> None:
    generator = build_generator("modern", (64, 64, 3), 8, 3)
    adds = [layer for layer in generator.layers if isinstance(layer, keras.layers.Add)]
    stages = [(4, 24), (8, 24), (16, 12), (32, 6), (64, 3)]
    expected = [(side, side, channels) for side, channels in stages for _ in range(2)]
    assert [layer.output.shape[1:] for layer in adds] == expected
    discriminator = build_discriminator("modern", (64, 64, 3), 3)
    adds = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Add)]
    assert [layer.output.shape[1:] for layer in adds] == expected[::-1]
