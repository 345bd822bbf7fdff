"""Residual networks without normalization, after R3GAN (Huang et al. 2025, arXiv 2501.05441), for square images.

A block is a 1×1 convolution to twice the channels, a depthwise 3×3 convolution, and a 1×1 convolution back, with
LeakyReLU between, beside the identity. Its initialization replaces the normalization (fix-up, Zhang et al. 2019, arXiv
1901.09321): the last convolution of a block starts at zero, the m − 1 others with He's standard deviation times
L^(−1/(2m − 2)), for m = 3 convolutions in a block and L blocks in the network.

The differences from the paper: depthwise convolutions where it has groups of 16 channels (the gradient of a grouped
convolution takes a hundred times as long in TensorFlow on a CPU), repeated pixels and means of 2×2 squares where it
interpolates, and tanh at the end of the generator.

The blocks at full resolution have `width` channels, twice as many at each halving of the side, and at most 8 · `width`.
"""

from __future__ import annotations

import math

import keras

from egan_tf.networks.blocks import logit
from egan_tf.networks.conditional import labels_input, network_inputs, with_embedding
from egan_tf.networks.layers import CHANNELS_LAST, NearestUpsampling, halved
from egan_tf.networks.sides import doublings
from egan_tf.utils.checks import require

NAME = "modern"
BLOCKS = 2
"""Residual blocks at each resolution."""
EXPANSION = 2
CONVOLUTIONS = 3
SLOPE = 0.2
MAX_FACTOR = 8


def stage_channels(stages: int, width: int) -> list[int]:
    """The channels at each resolution, from the full one to the smallest."""
    return [width * min(1 << stage, MAX_FACTOR) for stage in range(stages + 1)]


def modern_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds a dense layer to the smallest feature map, residual blocks at each resolution, and a 1×1 convolution.

    Args:
        sample_shape: [side, side, channels]; the side is 4, 5, 6 or 7 times 2, 4, 8, ...
        latent_size: numbers in one row of noise.
        width: channels at full resolution; see the module.
        normalization: "none".
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape] in [−1, 1].

    Raises:
        InputError: the network cannot make samples of this shape, or has no such normalization.
    """
    _check("generator_normalization", normalization)
    stages = doublings(NAME, sample_shape)
    side, blocks = sample_shape[0] >> stages, BLOCKS * (stages + 1)
    first, *rest = stage_channels(stages, width)[::-1]
    noise, labels = keras.Input((latent_size,), name="noise"), labels_input(classes)
    latents = with_embedding(noise, labels)
    x = keras.layers.Dense(side * side * first, kernel_initializer=_normal(1.0, latents.shape[-1]))(latents)
    x = _blocks(keras.layers.Reshape((side, side, first))(x), blocks)
    for channels in rest:
        x = _blocks(NearestUpsampling()(_changed(x, channels)), blocks)
    x = _pointwise(sample_shape[-1], _normal(1.0, x.shape[-1]))(x)
    samples = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(network_inputs(noise, labels), samples, name="modern_generator")


def modern_discriminator(
    sample_shape: tuple[int, ...], width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds a 1×1 convolution, residual blocks at each resolution, a weighted sum of each channel, and one logit.

    Args:
        sample_shape: [side, side, channels]; the side is 4, 5, 6 or 7 times 2, 4, 8, ...
        width: channels at full resolution; see the module.
        normalization: "none".
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].

    Raises:
        InputError: the network cannot take samples of this shape, or has no such normalization.
    """
    _check("discriminator_normalization", normalization)
    stages = doublings(NAME, sample_shape)
    side, blocks = sample_shape[0] >> stages, BLOCKS * (stages + 1)
    first, *rest = stage_channels(stages, width)
    images, labels = keras.Input(sample_shape, name="samples"), labels_input(classes)
    x = _blocks(_pointwise(first, _normal(1.0, sample_shape[-1]))(images), blocks)
    for channels in rest:
        # The mean and a 1×1 convolution can change places; after the mean it costs a quarter.
        x = _blocks(_changed(halved(x), channels), blocks)
    x = keras.layers.DepthwiseConv2D(
        side, use_bias=False, depthwise_initializer=_normal(1.0, side * side), **CHANNELS_LAST
    )(x)
    x = keras.layers.Flatten(**CHANNELS_LAST)(x)
    logits = logit(x, normalization, labels, kernel_initializer=_normal(1.0, x.shape[-1]))
    return keras.Model(network_inputs(images, labels), logits, name="modern_discriminator")


def _check(field: str, normalization: str) -> None:
    problem = f"modern works without normalization, its initialization replaces it; choose none, got {normalization!r}"
    require(normalization == "none", field, problem)


def _blocks(x: keras.KerasTensor, blocks: int) -> keras.KerasTensor:
    for _ in range(BLOCKS):
        x = _block(x, blocks)
    return x


def _block(x: keras.KerasTensor, blocks: int) -> keras.KerasTensor:
    """One residual block, in a network of `blocks` of them."""
    channels = x.shape[-1]
    gain = math.sqrt(2.0 / (1.0 + SLOPE**2)) * blocks ** (-1.0 / (2 * CONVOLUTIONS - 2))
    branch = _pointwise(EXPANSION * channels, _normal(gain, channels), use_bias=True)(x)
    branch = keras.layers.LeakyReLU(negative_slope=SLOPE)(branch)
    branch = keras.layers.DepthwiseConv2D(
        3, padding="same", depthwise_initializer=_normal(gain, 3 * 3), **CHANNELS_LAST
    )(branch)
    branch = keras.layers.LeakyReLU(negative_slope=SLOPE)(branch)
    branch = _pointwise(channels, "zeros")(branch)
    return keras.layers.Add()([x, branch])


def _changed(x: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """The tensor with another number of channels; itself if it has that."""
    given = x.shape[-1]
    return x if channels == given else _pointwise(channels, _normal(1.0, given))(x)


def _pointwise(
    channels: int, initializer: str | keras.initializers.Initializer, use_bias: bool = False
) -> keras.layers.Layer:
    return keras.layers.Conv2D(channels, 1, use_bias=use_bias, kernel_initializer=initializer, **CHANNELS_LAST)


def _normal(gain: float, inputs: int) -> keras.initializers.Initializer:
    """The initializer that multiplies the variance of independent inputs by gain²."""
    # Keras' own would count the inputs of a depthwise kernel wrongly.
    return keras.initializers.RandomNormal(stddev=gain / math.sqrt(inputs))
