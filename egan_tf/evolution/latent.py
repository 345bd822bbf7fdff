"""The latent noise of a generator."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from egan_tf.utils import randomness
from egan_tf.utils.checks import integer, one_of

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
