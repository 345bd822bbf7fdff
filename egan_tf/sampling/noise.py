"""The noise of `Sampler`: numpy's Philox generator, so that a seed gives the same bits on every machine."""

from __future__ import annotations

import numpy as np

from egan_tf.utils.checks import integer

DISTRIBUTIONS = ("normal", "uniform")
"""The distributions of one number: N(0, 1), or uniform in [-1, 1)."""


def noise_generator(seed: int) -> np.random.Generator:
    """A Philox generator at the start of the stream of `seed`.

    Raises:
        InputError: `seed` is not an integer of at least 0.
    """
    return np.random.Generator(np.random.Philox(integer("seed", seed, minimum=0)))


def draw_noise(generator: np.random.Generator, distribution: str, count: int, latent_size: int) -> np.ndarray:
    """Draws the next `count` rows of noise, float32 [count, latent_size].

    The rows come in order: drawing 32 rows twice equals drawing 64 once.

    Args:
        generator: as of `noise_generator`.
        distribution: one of `DISTRIBUTIONS`.
        count: the number of rows.
        latent_size: the numbers in a row.
    """
    shape = (count, latent_size)
    if distribution == "normal":
        return generator.standard_normal(shape, dtype=np.float32)
    return 2 * generator.random(shape, dtype=np.float32) - 1
