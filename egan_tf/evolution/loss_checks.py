"""Which objectives and penalties go with which loss of the discriminator."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.evolution.losses import DiscriminatorLoss, Loss
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.objectives import OBJECTIVES, needs_level
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.variation import Operator
from egan_tf.utils.checks import InputError, require

PENALTIES = ("gradient_penalty_weight", "r1_weight", "r2_weight")


def check_loss(settings: EvolutionSettings, operators: Sequence[Operator], loss: DiscriminatorLoss) -> None:
    """Raises `InputError` for a loss without the penalty that it needs, or with objectives that mean nothing there.

    Functions of the user are not judged.
    """
    if not isinstance(loss, Loss):
        return
    name = settings.discriminator_loss if isinstance(settings.discriminator_loss, str) else name_of(loss)
    if loss.needs_penalty:
        penalized = any(getattr(settings, weight) for weight in PENALTIES)
        flags = " or ".join(PENALTIES)
        require(penalized, "discriminator_loss", f"{name} needs a penalty on the gradient; set {flags} above 0")
        problem = f"must be above 0 under the loss {name}, which needs a penalty on the gradient from the start"
        require(settings.initial_penalty_factor > 0, "initial_penalty_factor", problem)
    if loss.has_level:
        return
    chosen = {
        objective: function
        for operator in operators
        if isinstance(operator, ObjectiveMutation)
        for objective, function in operator.objectives.items()
    }
    refused = [objective for objective, function in chosen.items() if needs_level(function)]
    if refused:
        fitting = ", ".join(
            sorted(objective for objective, function in OBJECTIVES.items() if not needs_level(function))
        )
        problem = f"{refused[0]} compares logits with a fixed number, but under the loss {name} only their differences"
        raise InputError("mutations", f"{problem} mean something; take {fitting}, or another discriminator_loss")
