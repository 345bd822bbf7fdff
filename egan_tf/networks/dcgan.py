"""The convolutional networks of the E-GAN authors (after Radford et al. 2015), for square images of 8 pixels and more.

Each stage halves or doubles the side with a 4×4 convolution of stride 2. Upsampling layers are avoided: they have no
gradient under XLA on a GPU.
"""

from __future__ import annotations

import keras

from egan_tf.networks.blocks import convolution, dense, logit, normalized, transposed_convolution
from egan_tf.networks.conditional import labels_input, network_inputs, with_embedding
from egan_tf.networks.layers import CHANNELS_LAST
from egan_tf.networks.sides import nearest, square_side
from egan_tf.utils.checks import InputError

KERNEL = 4
MIN_SIDE = 4
MIN_STAGES = 2


def stage_count(sample_shape: tuple[int, ...]) -> int:
    """The number of times that an image is halved: while its side is even and above 4, and at least twice.

    Raises:
        InputError: the image is not square, or its side cannot be halved so.
    """
    side = square_side("dcgan", sample_shape)
    stages = _halvings(side)
    if stages is None:
        works = nearest(side, lambda other: _halvings(other) is not None)
        problem = "dcgan needs a side that halves to 2 to 8 pixels, such as 8, 28, 32, 64 or 128"
        raise InputError("network", f"{problem}; got {side}, {works}")
    return stages


def _halvings(side: int) -> int | None:
    stages = 0
    while side % 2 == 0 and (side > MIN_SIDE or stages < MIN_STAGES) and side > 2:
        side, stages = side // 2, stages + 1
    return None if stages < MIN_STAGES or side > 2 * MIN_SIDE else stages


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)


def dcgan_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds a dense layer to the smallest feature map, then transposed convolutions with ReLU, tanh at the end.

    Args:
        sample_shape: [side, side, channels].
        latent_size: numbers in one row of noise.
        width: channels before the last stage, doubled in each earlier one (the authors take 128 for 32×32 and 64×64,
            64 for 128×128).
        normalization: "none" (as the authors), "batch" before each ReLU, or "spectral" of all kernels.
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape] in [−1, 1].
    """
    stages = stage_count(sample_shape)
    side, channels = sample_shape[0] >> stages, width << (stages - 1)
    noise, labels = keras.Input((latent_size,), name="noise"), labels_input(classes)
    # BatchNorm subtracts the mean, which cancels a bias.
    biased = normalization != "batch"
    x = dense(side * side * channels, normalization, use_bias=biased, kernel_initializer=_initializer())(
        with_embedding(noise, labels)
    )
    x = keras.layers.Reshape((side, side, channels))(x)
    x = keras.layers.ReLU()(normalized(x, normalization, labels))
    for stage in range(stages - 1, 0, -1):
        x = transposed_convolution(
            width << (stage - 1), KERNEL, normalization, strides=2, use_bias=biased, kernel_initializer=_initializer()
        )(x)
        x = keras.layers.ReLU()(normalized(x, normalization, labels))
    x = transposed_convolution(sample_shape[-1], KERNEL, normalization, strides=2, kernel_initializer=_initializer())(x)
    samples = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model(network_inputs(noise, labels), samples, name="dcgan_generator")


def dcgan_discriminator(
    sample_shape: tuple[int, ...], width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds convolutions with LeakyReLU (slope 0.2), then one logit.

    Args:
        sample_shape: [side, side, channels].
        width: channels after the first stage, doubled in each later one (the authors take 128 for 32×32 and 64×64,
            64 for 128×128).
        normalization: "none", "batch" in all stages but the first (as the authors), or "spectral" of all kernels.
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].
    """
    images, labels = keras.Input(sample_shape, name="samples"), labels_input(classes)
    x = images
    for stage in range(stage_count(sample_shape)):
        chosen = "none" if stage == 0 and normalization == "batch" else normalization
        x = convolution(
            width << stage,
            KERNEL,
            chosen,
            strides=2,
            use_bias=chosen != "batch",
            kernel_initializer=_initializer(),
        )(x)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(normalized(x, chosen))
    x = keras.layers.Flatten(**CHANNELS_LAST)(x)
    logits = logit(x, normalization, labels, kernel_initializer=_initializer())
    return keras.Model(network_inputs(images, labels), logits, name="dcgan_discriminator")
