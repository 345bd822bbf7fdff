"""Generators and discriminators by name. To add a pair, write two builders and name them in `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras

from egan_tf.networks.dcgan import dcgan_discriminator, dcgan_generator
from egan_tf.networks.mlp import mlp_discriminator, mlp_generator
from egan_tf.utils.checks import one_of

NORMALIZATIONS = ("none", "batch")


@dataclass(frozen=True)
class Architecture:
    """A pair of builders, each `(sample_shape, ..., width, normalization) -> keras.Model`."""

    generator: Callable[[tuple[int, ...], int, int, str], keras.Model]
    discriminator: Callable[[tuple[int, ...], int, str], keras.Model]


NETWORKS: dict[str, Architecture] = {
    "mlp": Architecture(mlp_generator, mlp_discriminator),
    "dcgan": Architecture(dcgan_generator, dcgan_discriminator),
}


def build_generator(
    network: str, sample_shape: tuple[int, ...], latent_size: int, width: int, normalization: str = "none"
) -> keras.Model:
    """A generator: float32 [batch, latent_size] to samples [batch, *sample_shape], images in [−1, 1].

    Raises:
        InputError: for an unknown name, or a shape that the network cannot make.
    """
    one_of("generator_normalization", normalization, NORMALIZATIONS)
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    return architecture.generator(sample_shape, latent_size, width, normalization)


def build_discriminator(
    network: str, sample_shape: tuple[int, ...], width: int, normalization: str = "none"
) -> keras.Model:
    """A discriminator: samples [batch, *sample_shape] to float32 logits [batch, 1].

    Raises:
        InputError: for an unknown name, or a shape that the network cannot take.
    """
    one_of("discriminator_normalization", normalization, NORMALIZATIONS)
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    return architecture.discriminator(sample_shape, width, normalization)
