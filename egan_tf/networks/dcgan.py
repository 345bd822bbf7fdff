"""The convolutional networks of the E-GAN authors (after Radford et al. 2015), for square images of 8 pixels and more.

Each stage halves or doubles the side with a 4×4 convolution of stride 2. Upsampling layers are avoided: they have no
gradient under XLA on a GPU.
"""

from __future__ import annotations

import keras

from egan_tf.utils.checks import InputError

KERNEL = 4
LAST = {"data_format": "channels_last"}
"""Whatever the settings of Keras are: samples are [batch, height, width, channels]."""

MIN_SIDE = 4
MIN_STAGES = 2


def stage_count(sample_shape: tuple[int, ...]) -> int:
    """The number of times that an image is halved: down to a side of 4 to 7, and at least twice.

    Raises:
        InputError: the image is not square, or its side cannot be halved so.
    """
    if len(sample_shape) != 3 or sample_shape[0] != sample_shape[1]:
        raise InputError("network", f"dcgan takes square images [side, side, channels], got {sample_shape}")
    side, stages = sample_shape[0], 0
    while side % 2 == 0 and (side > MIN_SIDE or stages < MIN_STAGES) and side > 2:
        side, stages = side // 2, stages + 1
    if stages < MIN_STAGES or side > 2 * MIN_SIDE:
        raise InputError(
            "network",
            f"dcgan needs a side that halves to 2 to 8 pixels, such as 8, 28, 32 or 64; got {sample_shape[0]}",
        )
    return stages


def _initializer() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)


def _normalized(tensor: keras.KerasTensor, normalization: str) -> keras.KerasTensor:
    if normalization == "none":
        return tensor
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(tensor)


def dcgan_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none"
) -> keras.Model:
    """Builds a dense layer to the smallest feature map, then transposed convolutions with ReLU, tanh at the end.

    Args:
        sample_shape: [side, side, channels].
        latent_size: numbers in one row of noise.
        width: channels before the last stage, doubled in each earlier one (the authors take 128 for 32×32).
        normalization: "none" (as the authors) or "batch", before each ReLU.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape] in [−1, 1].
    """
    stages = stage_count(sample_shape)
    side, channels = sample_shape[0] >> stages, width << (stages - 1)
    noise = keras.Input((latent_size,), name="noise")
    # BatchNorm subtracts the mean, which cancels a bias.
    biased = normalization == "none"
    x = keras.layers.Dense(side * side * channels, use_bias=biased, kernel_initializer=_initializer())(noise)
    x = keras.layers.Reshape((side, side, channels))(x)
    x = keras.layers.ReLU()(_normalized(x, normalization))
    for stage in range(stages - 1, 0, -1):
        x = keras.layers.Conv2DTranspose(
            width << (stage - 1), KERNEL, 2, padding="same", use_bias=biased, kernel_initializer=_initializer(), **LAST
        )(x)
        x = keras.layers.ReLU()(_normalized(x, normalization))
    x = keras.layers.Conv2DTranspose(
        sample_shape[-1], KERNEL, 2, padding="same", kernel_initializer=_initializer(), **LAST
    )(x)
    return keras.Model(noise, keras.layers.Activation("tanh", dtype="float32")(x), name="dcgan_generator")


def dcgan_discriminator(sample_shape: tuple[int, ...], width: int, normalization: str = "none") -> keras.Model:
    """Builds convolutions with LeakyReLU (slope 0.2), then one logit.

    Args:
        sample_shape: [side, side, channels].
        width: channels after the first stage, doubled in each later one (the authors take 128 for 32×32).
        normalization: "none", or "batch" (as the authors) in all stages but the first.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].
    """
    images = keras.Input(sample_shape, name="samples")
    x = images
    for stage in range(stage_count(sample_shape)):
        normalized = normalization if stage else "none"
        x = keras.layers.Conv2D(
            width << stage,
            KERNEL,
            2,
            padding="same",
            use_bias=normalized == "none",
            kernel_initializer=_initializer(),
            **LAST,
        )(x)
        x = _normalized(x, normalized)
        x = keras.layers.LeakyReLU(negative_slope=0.2)(x)
    logits = keras.layers.Dense(1, dtype="float32", kernel_initializer=_initializer())(keras.layers.Flatten(**LAST)(x))
    return keras.Model(images, logits, name="dcgan_discriminator")
