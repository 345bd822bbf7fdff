"""The residual networks of SNGAN (Miyato et al. 2018, arXiv 1802.05957, appendix B.4), for square images.

The channels follow from `width`. For images of up to 32×32 all blocks have the same number: `width` in the
discriminator, twice as many in the generator. For larger ones the blocks at full resolution have `width`, twice as many
at each halving of the side, and at most 16 · `width`. So the paper's table 4 is width 128 at 32×32, table 5 is width 64
at 48×48, and table 6 is width 64 at 128×128 (without labels).
"""

from __future__ import annotations

import keras

from egan_tf.networks.blocks import convolution, dense, logit, normalized
from egan_tf.networks.conditional import Labels, labels_input, network_inputs, with_embedding
from egan_tf.networks.layers import NearestUpsampling, SumPooling, halved
from egan_tf.networks.sides import STARTS, doublings

NAME = "residual"
SMALL = 32
"""The largest side with the same number of channels in all blocks."""
MAX_FACTOR = 16
SMALL_HALVINGS, SMALL_BLOCKS = 2, 4


def generator_channels(side: int, stages: int, width: int) -> list[int]:
    """The channels of the smallest feature map and after each of the `stages` blocks."""
    if side <= SMALL:
        return [2 * width] * (stages + 1)
    return [width * min(1 << stage, MAX_FACTOR) for stage in range(stages, -1, -1)]


def discriminator_blocks(side: int, width: int) -> list[tuple[int, bool]]:
    """The channels of each block, and whether it halves the side."""
    halvings, small = 0, side <= SMALL
    while side % 2 == 0 and (halvings < SMALL_HALVINGS if small else side > STARTS[0]):
        side, halvings = side // 2, halvings + 1
    if small:
        return [(width, block < halvings) for block in range(SMALL_BLOCKS)]
    return [(width * min(1 << block, MAX_FACTOR), block < halvings) for block in range(halvings + 1)]


def residual_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "batch", classes: int = 0
) -> keras.Model:
    """Builds a dense layer to the smallest feature map, residual blocks that double its side, and a convolution.

    A block is normalization, ReLU, doubling, convolution, normalization, ReLU, convolution (3×3), beside a shortcut
    with a 1×1 convolution. At the end: normalization, ReLU, 3×3 convolution, tanh.

    Args:
        sample_shape: [side, side, channels]; the side is 4, 5, 6 or 7 times 2, 4, 8, ...
        latent_size: numbers in one row of noise; the paper takes 128.
        width: see the module.
        normalization: "batch" (as the paper), "spectral" (of all kernels), or "none".
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape] in [−1, 1].

    Raises:
        InputError: the network cannot make samples of this shape.
    """
    stages = doublings(NAME, sample_shape)
    side = sample_shape[0] >> stages
    first, *rest = generator_channels(sample_shape[0], stages, width)
    noise, labels = keras.Input((latent_size,), name="noise"), labels_input(classes)
    x = dense(side * side * first, normalization, kernel_initializer=_glorot())(with_embedding(noise, labels))
    x = keras.layers.Reshape((side, side, first))(x)
    for channels in rest:
        x = _doubling_block(x, channels, normalization, labels)
    x = keras.layers.ReLU()(normalized(x, normalization, labels))
    x = convolution(sample_shape[-1], 3, normalization, kernel_initializer=_glorot())(x)
    samples = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(network_inputs(noise, labels), samples, name="residual_generator")


def residual_discriminator(
    sample_shape: tuple[int, ...], width: int, normalization: str = "spectral", classes: int = 0
) -> keras.Model:
    """Builds residual blocks that halve the side, the sum over the feature map, and one logit.

    A block is ReLU, convolution, ReLU, convolution (3×3), and the means of 2×2 squares where it halves the side, beside
    a shortcut; the shortcut has a 1×1 convolution unless neither side nor channels change. The first block starts
    with its convolution. At the end: ReLU, sum over the feature map, dense layer.

    Args:
        sample_shape: [side, side, channels]; the side is 4, 5, 6 or 7 times 2, 4, 8, ...
        width: see the module.
        normalization: "spectral" (of all kernels, as the paper), "batch" (before each ReLU), or "none".
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].

    Raises:
        InputError: the network cannot take samples of this shape.
    """
    doublings(NAME, sample_shape)
    images, labels = keras.Input(sample_shape, name="samples"), labels_input(classes)
    x = images
    for block, (channels, halves) in enumerate(discriminator_blocks(sample_shape[0], width)):
        x = _halving_block(x, channels, halves, normalization, first=block == 0)
    x = SumPooling()(keras.layers.ReLU()(normalized(x, normalization)))
    logits = logit(x, normalization, labels, kernel_initializer=_glorot())
    return keras.Model(network_inputs(images, labels), logits, name="residual_discriminator")


def _doubling_block(
    x: keras.KerasTensor, channels: int, normalization: str, labels: Labels | None
) -> keras.KerasTensor:
    # A 1×1 convolution and the doubling can change places; before it costs a quarter.
    shortcut = NearestUpsampling()(convolution(channels, 1, normalization, kernel_initializer=_glorot())(x))
    x = NearestUpsampling()(keras.layers.ReLU()(normalized(x, normalization, labels)))
    x = convolution(channels, 3, normalization, kernel_initializer=_glorot(2.0))(x)
    x = keras.layers.ReLU()(normalized(x, normalization, labels))
    x = convolution(channels, 3, normalization, kernel_initializer=_glorot(2.0))(x)
    return keras.layers.Add()([x, shortcut])


def _halving_block(
    x: keras.KerasTensor, channels: int, halves: bool, normalization: str, first: bool
) -> keras.KerasTensor:
    given, shortcut = x.shape[-1], x
    if halves:
        # Before the 1×1 convolution, with which the mean can change places, it costs less.
        shortcut = halved(shortcut)
    if halves or channels != given:
        shortcut = convolution(channels, 1, normalization, kernel_initializer=_glorot())(shortcut)
    hidden = channels if first else given
    x = x if first else keras.layers.ReLU()(normalized(x, normalization))
    x = convolution(hidden, 3, normalization, kernel_initializer=_glorot(2.0))(x)
    x = keras.layers.ReLU()(normalized(x, normalization))
    x = convolution(channels, 3, normalization, kernel_initializer=_glorot(2.0))(x)
    return keras.layers.Add()([halved(x) if halves else x, shortcut])


def _glorot(scale: float = 1.0) -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(scale, mode="fan_avg", distribution="uniform")
