"""The latent noise of a generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.utils import randomness
from egan_tf.utils.checks import InputError, integer, one_of, require

DISTRIBUTIONS = ("normal", "uniform")


@dataclass(frozen=True)
class Latent:
    """Independent noise: standard normal, or uniform in [−1, 1] as in the authors' code.

    Attributes:
        size: numbers per sample.
        distribution: "normal" or "uniform".
    """

    size: int
    distribution: str = "normal"

    def __post_init__(self) -> None:
        integer("latent_size", self.size)
        one_of("latent_distribution", self.distribution, DISTRIBUTIONS)

    def sample(self, count: int, seed: tf.Tensor) -> tf.Tensor:
        """Noise for `count` samples, float32 [count, size], a function of the int64 [2] `seed` alone."""
        sample_fn = randomness.normal if self.distribution == "normal" else randomness.uniform
        return sample_fn([count, self.size], seed)


def tensor_noise(noise: Any, size: int) -> tf.Tensor:
    """Noise to sample with, in a graph or not, as float32 [batch, size].

    Raises:
        InputError: it has another shape, or holds no real numbers.
    """
    wanted = f"must be real numbers [batch, {size}]"
    if not isinstance(noise, tf.Tensor):
        try:
            noise = tf.constant(np.asarray(noise))
        except (TypeError, ValueError) as error:
            raise InputError("noise", f"{wanted}, got {type(noise).__name__}") from error
    real = noise.dtype.is_floating or noise.dtype.is_integer
    require(real, "noise", f"{wanted}, got {noise.dtype.name}")
    fits = noise.shape.rank == 2 and noise.shape[1] == size
    require(fits, "noise", f"must be [batch, {size}], got {tuple(noise.shape)}")
    return tf.cast(noise, tf.float32)
