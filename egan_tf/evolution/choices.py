"""The functions and operators that the settings choose by name."""

from __future__ import annotations

from typing import NamedTuple

from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.loss_checks import check_loss
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss
from egan_tf.evolution.naming import resolve
from egan_tf.evolution.operators import operators_of
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.tournament_checks import check_fitness_of_loss, check_slots, check_tournaments
from egan_tf.evolution.tournaments import TournamentRule, tournament_rule
from egan_tf.evolution.variation import Operator


class Choices(NamedTuple):
    """The operators and functions that the settings name."""

    operators: tuple[Operator, ...]
    fitness: Fitness
    discriminator_loss: DiscriminatorLoss
    tournaments: TournamentRule


def choices_of(settings: EvolutionSettings) -> Choices:
    """Resolves all names in the settings.

    Raises:
        InputError: a name that its registry lacks, a value of another kind, or choices that do not go together.
    """
    choices = Choices(
        operators_of(settings),
        resolve("fitness", settings.fitness, FITNESSES)[1],
        resolve("discriminator_loss", settings.discriminator_loss, DISCRIMINATOR_LOSSES)[1],
        tournament_rule(settings.tournaments),
    )
    check_loss(settings, choices.operators, choices.discriminator_loss)
    check_fitness_of_loss(choices.fitness, choices.discriminator_loss)
    check_tournaments(settings, choices.operators)
    check_slots(settings, choices.operators)
    return choices
