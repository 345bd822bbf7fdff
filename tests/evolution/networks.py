"""Small networks for the tests of evolution."""

from __future__ import annotations

import keras

from egan_tf.networks import build_discriminator, build_generator

LATENT = 6
IMAGE = (8, 8, 1)
POINT = (2,)


def points() -> tuple[keras.Model, keras.Model]:
    """Networks that mix no samples."""
    return build_generator("mlp", POINT, LATENT, 16), build_discriminator("mlp", POINT, 16)


def images() -> tuple[keras.Model, keras.Model]:
    """Networks with BatchNorm on both sides."""
    return (
        build_generator("dcgan", IMAGE, LATENT, 8, "batch"),
        build_discriminator("dcgan", IMAGE, 8, "batch"),
    )


PAIRS = {"points": points, "images": images}
