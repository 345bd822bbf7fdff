"""Tiny generators of the package's networks, with weights that make samples as large as trained ones."""

from __future__ import annotations

import keras
import numpy as np

from egan_tf.networks import build_generator

LATENT_SIZE, WIDTH, SHAPE = 4, 4, (8, 8, 1)
NAMES = ("shirt", "shoe", "hat")


def network(
    name: str, classes: int = 0, shape: tuple[int, ...] = SHAPE, width: int = WIDTH, normalization: str = "none"
) -> keras.Model:
    """A generator of noise [batch, LATENT_SIZE]; the same at every call."""
    keras.utils.set_random_seed(3)
    model = build_generator(name, shape, LATENT_SIZE, width, normalization=normalization, classes=classes)
    random = np.random.default_rng(4)
    for weight in model.trainable_weights:
        if len(weight.shape) > 1:
            fan_in = np.prod(weight.shape[:-1]) if "transpose" not in weight.path else np.prod(weight.shape[2:])
            weight.assign(random.normal(0.0, 1.5 / np.sqrt(fan_in), weight.shape))
        else:
            weight.assign(random.normal(0.0, 0.1, weight.shape) + ("gamma" in weight.path))
    return model
