"""E-GAN whose tournaments are called or decided in other ways: controls and variants of `benchmarks/methods.py`."""

from __future__ import annotations

import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.generation import Generation, Selected
from egan_tf.evolution.individual import Individual
from egan_tf.evolution.tournaments import MATERIAL_SPREAD
from egan_tf.evolution.variation import Children, Scores

MULTIPLIER, BITS = 0x2545F4914F6CDD1D, 24
"""Odd, of L'Ecuyer and Simard's multiplicative mixing; the bits that float32 holds."""


def hashed(samples: tf.Tensor) -> tf.Tensor:
    """A number in [0, 1) of the bits of each row: as good as random, and equal for equal rows only.

    Args:
        samples: floating-point [n, ...].

    Returns:
        float32 [n].
    """
    bits = tf.cast(tf.bitcast(tf.cast(samples, tf.float32), tf.int32), tf.int64)
    mixed = tf.reduce_sum(bits, axis=list(range(1, bits.shape.rank))) * MULTIPLIER
    return tf.cast(tf.math.floormod(tf.bitwise.right_shift(mixed, 32), 2**BITS), tf.float32) / 2.0**BITS


class RandomChoiceGeneration(Generation):
    """Takes a random child where `Generation` takes the fittest; the fitness says when tournaments are held."""

    def ranking(self, parents: Individual, children: Children, viable: tf.Tensor, tolerance: tf.Tensor) -> tf.Tensor:
        """A number of each child that does not depend on how good its samples are."""
        del parents, viable, tolerance
        return hashed(children.evaluations.fake)


class RandomChoiceEGAN(EGAN):
    """E-GAN with `RandomChoiceGeneration`."""

    def generation_functions(self) -> Generation:
        """Those of `EGAN`, with another choice."""
        return RandomChoiceGeneration(**vars(super().generation_functions()))


def spread_above(errors: float) -> type[EGAN]:
    """E-GAN whose tournaments matter where F spreads by more than so many standard errors of Fq."""

    class ThresholdGeneration(Generation):
        def select(self, parents: Individual, parent_scores: Scores, children: Children) -> Selected:
            selected = super().select(parents, parent_scores, children)
            error = selected.outcome.error * (errors / MATERIAL_SPREAD)
            return selected._replace(outcome=selected.outcome._replace(error=error))

    class ThresholdEGAN(EGAN):
        def generation_functions(self) -> Generation:
            return ThresholdGeneration(**vars(super().generation_functions()))

    return ThresholdEGAN
