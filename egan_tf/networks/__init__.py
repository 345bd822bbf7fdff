"""Generators and discriminators by name. To add a pair, write two builders and name them in `NETWORKS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from egan_tf.utils.checks import format_value, integer, one_of, require
from egan_tf.utils.keras_settings import check_backend

check_backend()  # before Keras tries to import another one

import keras  # noqa: E402

from egan_tf.networks.dcgan import dcgan_discriminator, dcgan_generator  # noqa: E402
from egan_tf.networks.mlp import mlp_discriminator, mlp_generator  # noqa: E402
from egan_tf.networks.modern import modern_discriminator, modern_generator  # noqa: E402
from egan_tf.networks.residual import residual_discriminator, residual_generator  # noqa: E402

NORMALIZATIONS = ("auto", "none", "batch", "spectral")
"""BatchNorm (Ioffe and Szegedy 2015) or spectral normalization (Miyato et al. 2018); "auto" chooses by the network."""


@dataclass(frozen=True)
class Architecture:
    """A generator and a discriminator that belong together.

    Attributes:
        summary: one line for lists.
        generator: builds `(sample_shape, latent_size, width, normalization, classes) -> keras.Model`.
        discriminator: builds `(sample_shape, width, normalization, classes) -> keras.Model`.
        generator_normalization: the choice of "auto".
        discriminator_normalization: the choice of "auto".
    """

    summary: str
    generator: Callable[[tuple[int, ...], int, int, str, int], keras.Model]
    discriminator: Callable[[tuple[int, ...], int, str, int], keras.Model]
    generator_normalization: str = "none"
    discriminator_normalization: str = "none"


NETWORKS: dict[str, Architecture] = {
    "mlp": Architecture(
        "three hidden layers, for points and images: the authors' for the toys", mlp_generator, mlp_discriminator
    ),
    "dcgan": Architecture(
        "4x4 convolutions of stride 2, for square images of 8 pixels and more: the authors'",
        dcgan_generator,
        dcgan_discriminator,
    ),
    "residual": Architecture(
        "SNGAN's residual networks with spectral normalization, for square images of 8 pixels and more",
        residual_generator,
        residual_discriminator,
        "batch",
        "spectral",
    ),
    "modern": Architecture(
        "residual networks without normalization after R3GAN, for square images of 8 pixels and more",
        modern_generator,
        modern_discriminator,
    ),
}


def build_generator(
    network: str,
    sample_shape: tuple[int, ...],
    latent_size: int,
    width: int,
    normalization: str = "auto",
    classes: int = 0,
) -> keras.Model:
    """Builds a generator by name.

    Args:
        network: one of `NETWORKS`.
        sample_shape: of one sample, (H, W, C) or (features,).
        latent_size: numbers in one row of noise.
        width: channels or units; see the builder.
        normalization: one of `NORMALIZATIONS`.
        classes: of a class-conditional generator, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        float32 [batch, latent_size] to samples float32 [batch, *sample_shape], images in [−1, 1].

    Raises:
        InputError: an unknown name, a number that is none, a shape that the network cannot make, or a normalization
            that it does not have.
    """
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    one_of("generator_normalization", normalization, NORMALIZATIONS)
    chosen = architecture.generator_normalization if normalization == "auto" else normalization
    sizes = _shape(sample_shape), integer("latent_size", latent_size), integer("width", width)
    return architecture.generator(*sizes, chosen, integer("classes", classes, 0))


def build_discriminator(
    network: str, sample_shape: tuple[int, ...], width: int, normalization: str = "auto", classes: int = 0
) -> keras.Model:
    """Builds a discriminator by name.

    Args:
        network: one of `NETWORKS`.
        sample_shape: of one sample, (H, W, C) or (features,).
        width: channels or units; see the builder.
        normalization: one of `NORMALIZATIONS`.
        classes: of a class-conditional discriminator, whose second input are labels int32 [batch]; 0 for none.

    Returns:
        Samples [batch, *sample_shape] to logits float32 [batch, 1].

    Raises:
        InputError: an unknown name, a number that is none, a shape that the network cannot take, or a normalization
            that it does not have.
    """
    architecture = NETWORKS[one_of("network", network, NETWORKS)]
    one_of("discriminator_normalization", normalization, NORMALIZATIONS)
    chosen = architecture.discriminator_normalization if normalization == "auto" else normalization
    sizes = _shape(sample_shape), integer("width", width)
    return architecture.discriminator(*sizes, chosen, integer("classes", classes, 0))


def _shape(sample_shape: Any) -> tuple[int, ...]:
    """The shape of a sample; raises `InputError` unless it is a sequence of whole numbers of at least 1."""
    problem = f"must be whole numbers such as (8, 8, 1) or (2,), got {format_value(sample_shape)}"
    require(isinstance(sample_shape, Sequence) and not isinstance(sample_shape, str), "sample_shape", problem)
    require(len(sample_shape) > 0, "sample_shape", problem)
    return tuple(integer("sample_shape", size) for size in sample_shape)
