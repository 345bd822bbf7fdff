"""Which operators, fitnesses and optimizers go with generations without a tournament, and with slots per objective."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.evolution.fitness import Fitness, balanced
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss, Loss
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.tournaments import tournament_rule
from egan_tf.evolution.variation import Operator
from egan_tf.utils.checks import InputError, require


def check_tournaments(settings: EvolutionSettings, operators: Sequence[Operator]) -> None:
    """Raises `InputError` if a child cannot grow by one objective, because an operator names none."""
    if tournament_rule(settings.tournaments).always:
        return
    problem = f"{settings.tournaments} grows one child by one objective between tournaments"
    _require_objectives("tournaments", problem, "tournaments='always'", operators)


def check_slots(settings: EvolutionSettings, operators: Sequence[Operator]) -> None:
    """Raises `InputError` if slots cannot be kept per objective, because an operator names none."""
    if settings.slots == "objective":
        problem = "objective keeps the optimizer's state for each objective"
        _require_objectives("slots", problem, "slots='lineage'", operators)


def check_fitness_of_loss(fitness: Fitness, loss: DiscriminatorLoss) -> None:
    """Raises `InputError` for the fitness `balanced` with a loss that has no logarithm.

    Functions of the user are not judged.
    """
    if fitness is balanced and isinstance(loss, Loss) and not loss.positive:
        name = next((name for name, known in DISCRIMINATOR_LOSSES.items() if known is loss), "this")
        problem = f"balanced divides by the discriminator's loss, and {name} may be 0 or negative"
        raise InputError("fitness", f"{problem}; take egan or logit, or another discriminator_loss")


def check_slots_of(settings: EvolutionSettings, optimizer: StatelessOptimizer) -> None:
    """Raises `InputError` for an optimizer whose state belongs to a line, and not to an objective."""
    if settings.slots != "objective":
        return
    require(
        not optimizer.averages, "slots", "objective has no meaning for an optimizer with use_ema: it averages a line"
    )
    problem = (
        "objective has no meaning with loss scaling, whose factor one backward pass shares; take float32 or bfloat16"
    )
    require(not optimizer.scales, "slots", problem)


def _require_objectives(field: str, problem: str, otherwise: str, operators: Sequence[Operator]) -> None:
    # A subclass may do anything when it is called.
    other = next((operator for operator in operators if type(operator) is not ObjectiveMutation), None)
    if other is None and len(operators) == 1:
        return
    cause = "there are several operators" if other is None else f"{name_of(other).lower()} names none"
    raise InputError(field, f"{problem}, but {cause}; take operators=('mutation',), or {otherwise}")
