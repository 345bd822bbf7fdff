"""The networks of the E-GAN authors for the toy data: three hidden layers of equal width."""

from __future__ import annotations

import math

import keras

from egan_tf.networks.blocks import dense, logit, normalized
from egan_tf.networks.conditional import Labels, labels_input, network_inputs, with_embedding

HIDDEN_LAYERS = 3
IMAGE_RANK = 3


def _hidden_layers(
    tensor: keras.KerasTensor, width: int, normalization: str, labels: Labels | None = None
) -> keras.KerasTensor:
    for _ in range(HIDDEN_LAYERS):
        tensor = dense(width, normalization, use_bias=normalization != "batch")(tensor)
        tensor = keras.layers.ReLU()(normalized(tensor, normalization, labels))
    return tensor


def mlp_generator(
    sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds dense layers with ReLU; the output is linear for points, tanh for images.

    Args:
        sample_shape: [features] for points, [height, width, channels] for images.
        latent_size: numbers in one row of noise.
        width: units of each hidden layer; the authors take 512.
        normalization: "none", "batch" before each ReLU, or "spectral" of all kernels.
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        float32 [batch, latent_size] to float32 [batch, *sample_shape].
    """
    noise, labels = keras.Input((latent_size,), name="noise"), labels_input(classes)
    hidden = _hidden_layers(with_embedding(noise, labels), width, normalization, labels)
    flat = dense(math.prod(sample_shape), normalization)(hidden)
    samples = keras.layers.Reshape(sample_shape)(flat)
    last = "tanh" if len(sample_shape) == IMAGE_RANK else "linear"
    outputs = keras.layers.Activation(last, dtype="float32")(samples)
    return keras.Model(network_inputs(noise, labels), outputs, name="mlp_generator")


def mlp_discriminator(
    sample_shape: tuple[int, ...], width: int, normalization: str = "none", classes: int = 0
) -> keras.Model:
    """Builds dense layers with ReLU, then one logit.

    Args:
        sample_shape: of one sample.
        width: units of each hidden layer; the authors take 512.
        normalization: "none", "batch" before each ReLU, or "spectral" of all kernels.
        classes: of a class-conditional network, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        [batch, *sample_shape] to float32 logits [batch, 1].
    """
    samples, labels = keras.Input(sample_shape, name="samples"), labels_input(classes)
    hidden = _hidden_layers(keras.layers.Flatten(data_format="channels_last")(samples), width, normalization)
    logits = logit(hidden, normalization, labels)
    return keras.Model(network_inputs(samples, labels), logits, name="mlp_discriminator")
