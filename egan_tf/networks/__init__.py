"""Generators and discriminators by name. To add a pair, write two builders and name them in `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from egan_tf.utils.checks import one_of
from egan_tf.utils.keras_settings import check_backend

check_backend()  # before Keras tries to import another one

import keras  # noqa: E402

from egan_tf.networks.dcgan import dcgan_discriminator, dcgan_generator  # noqa: E402
from egan_tf.networks.mlp import mlp_discriminator, mlp_generator  # noqa: E402

NORMALIZATIONS = ("none", "batch")


@dataclass(frozen=True)
class Architecture:
    """A generator and a discriminator that belong together.

    Attributes:
        generator: builds `(sample_shape, latent_size, width, normalization) -> keras.Model`.
        discriminator: builds `(sample_shape, width, normalization) -> keras.Model`.
    """

    generator: Callable[[tuple[int, ...], int, int, str], keras.Model]
    discriminator: Callable[[tuple[int, ...], int, str], keras.Model]


NETWORKS: dict[str, Architecture] = {
    "mlp": Architecture(mlp_generator, mlp_discriminator),
    "dcgan": Architecture(dcgan_generator, dcgan_discriminator),
}


def build_generator(
    network: str, sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none"
) -> keras.Model:
    """Builds a generator by name.

    Args:
        network: one of `NETWORKS`.
        sample_shape: of one sample, (H, W, C) or (features,).
        latent_size: numbers in one row of noise.
        width: channels or units; see the builder.
        normalization: one of `NORMALIZATIONS`.

    Returns:
        float32 [batch, latent_size] to samples float32 [batch, *sample_shape], images in [−1, 1].

    Raises:
        InputError: unknown name, or a shape that the network cannot make.
    """
    one_of("generator_normalization", normalization, NORMALIZATIONS)
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    return architecture.generator(sample_shape, latent_size, width, normalization)


def build_discriminator(
    network: str, sample_shape: tuple[int, ...], width: int, normalization: str = "none"
) -> keras.Model:
    """Builds a discriminator by name.

    Args:
        network: one of `NETWORKS`.
        sample_shape: of one sample, (H, W, C) or (features,).
        width: channels or units; see the builder.
        normalization: one of `NORMALIZATIONS`.

    Returns:
        Samples [batch, *sample_shape] to logits float32 [batch, 1].

    Raises:
        InputError: unknown name, or a shape that the network cannot take.
    """
    one_of("discriminator_normalization", normalization, NORMALIZATIONS)
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    return architecture.discriminator(sample_shape, width, normalization)
