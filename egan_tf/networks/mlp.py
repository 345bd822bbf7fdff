"""The networks of the E-GAN authors for the toy data: three hidden layers of equal width."""

from __future__ import annotations

import math

import keras

from egan_tf.networks.blocks import dense, normalized

HIDDEN_LAYERS = 3
IMAGE_RANK = 3


def _hidden_layers(tensor: keras.KerasTensor, width: int, normalization: str) -> keras.KerasTensor:
    for _ in range(HIDDEN_LAYERS):
        tensor = dense(width, normalization, use_bias=normalization != "batch")(tensor)
        tensor = keras.layers.ReLU()(normalized(tensor, normalization))
    return tensor


def mlp_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none"
) -> keras.Model:
    """Builds dense layers with ReLU; the output is linear for points, tanh for images.

    Args:
        sample_shape: [features] for points, [height, width, channels] for images.
        latent_size: numbers in one row of noise.
        width: units of each hidden layer; the authors take 512.
        normalization: "none", "batch" before each ReLU, or "spectral" of all kernels.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape].
    """
    noise = keras.Input((latent_size,), name="noise")
    hidden = _hidden_layers(noise, width, normalization)
    flat = dense(math.prod(sample_shape), normalization)(hidden)
    samples = keras.layers.Reshape(sample_shape)(flat)
    last = "tanh" if len(sample_shape) == IMAGE_RANK else "linear"
    return keras.Model(noise, keras.layers.Activation(last, dtype="float32")(samples), name="mlp_generator")


def mlp_discriminator(sample_shape: tuple[int, ...], width: int, normalization: str = "none") -> keras.Model:
    """Builds dense layers with ReLU, then one logit.

    Args:
        sample_shape: of one sample.
        width: units of each hidden layer; the authors take 512.
        normalization: "none", "batch" before each ReLU, or "spectral" of all kernels.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].
    """
    samples = keras.Input(sample_shape, name="samples")
    hidden = _hidden_layers(keras.layers.Flatten(data_format="channels_last")(samples), width, normalization)
    logits = dense(1, normalization, dtype="float32")(hidden)
    return keras.Model(samples, logits, name="mlp_discriminator")
