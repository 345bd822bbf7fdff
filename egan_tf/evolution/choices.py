"""The functions and operators that the settings choose by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from egan_tf.evolution.crossover import Crossover
from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.loss_checks import PENALTIES, check_loss
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss
from egan_tf.evolution.naming import resolve
from egan_tf.evolution.operators import operators_of
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.tournament_checks import check_fitness_of_loss, check_slots, check_tournaments
from egan_tf.evolution.tournaments import TournamentRule, tournament_rule
from egan_tf.evolution.variation import Operator
from egan_tf.utils.checks import require

BURN_IN_ONLY = "has a meaning with burn_in above 0 only; set that, too"


class Choices(NamedTuple):
    """The operators and functions that the settings name."""

    operators: tuple[Operator, ...]
    fitness: Fitness
    discriminator_loss: DiscriminatorLoss
    tournaments: TournamentRule


def choices_of(settings: EvolutionSettings) -> Choices:
    """Resolves all names in the settings.

    Raises:
        InputError: a name that its registry lacks, a value of another kind, choices that do not go together, or a value
            that would be ignored.
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
    _check_used(settings)
    return choices


def check_burn_in(settings: EvolutionSettings, burns_in: bool) -> None:
    """Raises `InputError` for a burn-in of nothing.

    Args:
        settings: of the evolution.
        burns_in: whether the optimizer has a burn-in, such as that of β₂.
    """
    initial = settings.initial_penalty_factor != 1.0 or settings.initial_ema_decay is not None or burns_in
    values = "initial_penalty_factor or initial_ema_decay, or give the optimizer an initial_beta_2"
    problem = f"has a meaning with an initial value only; set {values}"
    require(initial or settings.burn_in == 0, "burn_in", problem)


def check_accumulation(operators: Sequence[Operator], accumulates: bool) -> None:
    """Raises `InputError` for crossover with an optimizer that only moves in every k-th step.

    Args:
        operators: of the model.
        accumulates: whether the generators' optimizer accumulates gradients.
    """
    problem = "gradient_accumulation_steps does not go with the operator crossover, whose child must move in its steps"
    crossover = any(isinstance(operator, Crossover) for operator in operators)
    require(not (crossover and accumulates), "generator_optimizer", f"{problem}; leave one of them out")


def _check_used(settings: EvolutionSettings) -> None:
    """Raises `InputError` for a value that would be ignored, because what it belongs to is not chosen."""
    factor, decay = settings.initial_penalty_factor != 1.0, settings.initial_ema_decay is not None
    for name, given in (("initial_penalty_factor", factor), ("initial_ema_decay", decay)):
        require(not given or settings.burn_in > 0, name, BURN_IN_ONLY)
    penalized = any(getattr(settings, weight) for weight in PENALTIES)
    problem = f"has a meaning with a penalty only; set {' or '.join(PENALTIES)} above 0"
    for name, given in (("initial_penalty_factor", factor), ("penalty_every", settings.penalty_every != 1)):
        require(not given or penalized, name, problem)
    problem = "has a meaning with a moving average only; set ema_decay above 0"
    require(not decay or settings.ema_decay > 0, "initial_ema_decay", problem)
    default, named = EvolutionSettings(), {choice for choice in settings.operators if isinstance(choice, str)}
    for name, operator in (("mutations", "mutation"), ("crossover_steps", "crossover")):
        problem = f"has a meaning with the operator {operator} only; name it in operators, too"
        require(operator in named or getattr(settings, name) == getattr(default, name), name, problem)
    problem = f"has no meaning for a bandit, whose reward is a distance of samples; take {default.fitness}"
    bandit = settings.tournaments == "bandit"
    require(not bandit or settings.fitness == default.fitness, "fitness", problem)
    problem = "must be True for a bandit, which scores no child, so that an evaluation batch would be drawn for nothing"
    require(not bandit or settings.reuse_evaluation_batch, "reuse_evaluation_batch", problem)
