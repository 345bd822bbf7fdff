"""Small generators whose export can go wrong, and a card for them."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers

from egan_tf.evolution.latent import Latent

NORMAL = Latent(32)
UNIFORM = Latent(2, "uniform")


def conv_generator(policy: str = "float32") -> keras.Model:
    """Noise [batch, 32] to images [batch, 16, 16, 3]; its moving statistics differ from those of any batch."""
    layer = {"padding": "same", "dtype": policy}
    model = keras.Sequential(
        [
            layers.Input((32,)),
            layers.Dense(4 * 4 * 16, dtype=policy),
            layers.Reshape((4, 4, 16), dtype=policy),
            layers.BatchNormalization(dtype=policy),
            layers.ReLU(dtype=policy),
            layers.Conv2DTranspose(8, 4, 2, **layer),
            layers.BatchNormalization(dtype=policy),
            layers.ReLU(dtype=policy),
            layers.Conv2DTranspose(3, 4, 2, **layer),
            layers.Activation("tanh", dtype=policy),
        ]
    )
    random = np.random.default_rng(1)
    for weight in model.weights:
        if "moving" in weight.path or "gamma" in weight.path:
            weight.assign(random.uniform(0.3, 2.0, weight.shape))
        elif "kernel" in weight.path:
            weight.assign(random.normal(0.0, 0.2, weight.shape))
    return model


def mlp_generator() -> keras.Model:
    """Noise [batch, 2] to unbounded points [batch, 2]."""
    keras.utils.set_random_seed(2)
    return keras.Sequential([layers.Input((2,)), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(2)])


CARD = {
    "description": "Sixteen by sixteen pixels of nothing.",
    "data": "noise",
    "steps": 300,
    "fitness": {"quality": np.float32(0.5), "diversity": float("nan")},
    "config": {"population_size": 2, "betas": (0.5, 0.999), "out": Path("runs") / "001"},
}
