"""The random numbers of a generation, as a function of (seed, step, restarts)."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.latent import Latent
from egan_tf.utils import randomness

# Streams of random numbers, one for each use in a generation.
STREAMS = 4
MUTATION, EVALUATION, DISCRIMINATOR, PENALTY = range(STREAMS)
# The uses of augmentation: fakes and real samples of the mutations, of the evaluation, of fresh discriminator steps.
USES = 6
MUTATION_FAKE, MUTATION_REAL, EVALUATION_FAKE, EVALUATION_REAL, FRESH_FAKE, FRESH_REAL = range(USES)
AUGMENTATION_SEED = 0x61756774
"""Makes the augmentation independent of noise with the same seed and step."""


class GenerationNoise(NamedTuple):
    """The random numbers of one generation, each replica's own rows of those for the global batch.

    Attributes:
        latent: the distribution that generators take.
        seed: of the run.
        step: int64 scalar, the number of the generation.
        restarts: int64 scalar, how often the run has rolled back; the noise differs after each time.
    """

    latent: Latent
    seed: int
    step: tf.Tensor
    restarts: tf.Tensor

    def latents(self, count: int, stream: int, number: int | tf.Tensor = 0) -> tf.Tensor:
        """Noise for `count` samples, float32 [count, latent]; `number` counts the steps within a stream."""
        return replicas.own_rows(self.latent.sample(count * replicas.count(), self._key(stream, number)))

    def mixing_ratios(self, count: int, number: int | tf.Tensor) -> tf.Tensor:
        """Uniform numbers in [0, 1] for the gradient penalty, float32 [count]."""
        return _own_uniform([count], self._key(PENALTY, number))

    def augmentation(self, count: int, numbers: int, use: int, number: int | tf.Tensor) -> tf.Tensor:
        """Uniform numbers in [0, 1] for the augmentation of `count` images, float32 [count, numbers]."""
        coordinates = self.step, use + USES * self.restarts, number
        return _own_uniform([count, numbers], randomness.stream(self.seed ^ AUGMENTATION_SEED, *coordinates))

    def _key(self, stream: int, number: int | tf.Tensor) -> tf.Tensor:
        return randomness.stream(self.seed, self.step, stream + STREAMS * self.restarts, number)


def _own_uniform(shape: list[int], seed: tf.Tensor) -> tf.Tensor:
    """Uniform numbers in [0, 1] for this replica's rows."""
    rows, *rest = shape
    return replicas.own_rows(randomness.uniform([rows * replicas.count(), *rest], seed, 0.0, 1.0))
