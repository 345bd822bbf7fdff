"""The functions and operators that the settings choose by name."""

from __future__ import annotations

from typing import NamedTuple

from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss
from egan_tf.evolution.naming import resolve
from egan_tf.evolution.operators import operators_of
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.variation import Operator


class Choices(NamedTuple):
    """The operators and functions that the settings name."""

    operators: tuple[Operator, ...]
    fitness: Fitness
    discriminator_loss: DiscriminatorLoss


def choices_of(settings: EvolutionSettings) -> Choices:
    """Resolves all names in the settings.

    Raises:
        InputError: a name that its registry lacks, or a value of another kind.
    """
    return Choices(
        operators_of(settings),
        resolve("fitness", settings.fitness, FITNESSES)[1],
        resolve("discriminator_loss", settings.discriminator_loss, DISCRIMINATOR_LOSSES)[1],
    )
