"""E-GAN whose tournaments are called or decided in other ways: controls and variants of `benchmarks/methods.py`."""

from __future__ import annotations

import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.generation import Generation, Selected
from egan_tf.evolution.individual import Individual
from egan_tf.evolution.tournaments import MATERIAL_SPREAD
from egan_tf.evolution.variation import Children, Scores


class RandomChoiceGeneration(Generation):
    """Holds tournaments when the fitness says that they decide, but takes a random child."""

    def ranking(self, parents: Individual, children: Children, viable: tf.Tensor, tolerance: tf.Tensor) -> tf.Tensor:
        """A number of each child that does not depend on how good its samples are."""
        del parents, viable, tolerance
        fake = children.evaluations.fake
        return tf.math.floormod(1e4 * tf.reduce_sum(fake, axis=list(range(1, fake.shape.rank))), 1.0)


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
