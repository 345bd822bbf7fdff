"""The settings of the evolution: what `EGAN` takes besides its networks, and the section `evolution` of a config.

Names of mutations, losses and fitness functions are looked up in their registries when a model is made, so that this
module imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, Protocol, runtime_checkable

import pydantic

from egan_tf.evolution.tournaments import tournament_rule
from egan_tf.utils.checks import InputError, format_value
from egan_tf.utils.settings import Settings, setting

MAX_INDIVIDUALS = 2**10
MAX_SAMPLES = 2**20
# The generation is a coordinate of the noise, which has 31 bits for it.
MAX_GENERATIONS = 2**31 - 1
MAX_SEED = 2**63 - 1
# The number of an optimizer step is a coordinate of the noise, which has 16 bits for it; the upper half of the numbers
# belongs to noise outside of training, such as that of sample grids.
MAX_STEPS = 2**15 - 1


@runtime_checkable
class Variable(Protocol):
    """A `tf.Variable` or a `keras.Variable`."""

    trainable: bool

    def assign(self, value: Any) -> Any:
        """Replaces its value."""
        ...


class EvolutionSettings(Settings):
    """Evolution.

    What `EGAN` takes besides its networks and its name. To add a setting, declare it here; the model's signature, flag,
    help, JSON, limits and resume policy follow.
    """

    mutations: tuple[Any, ...] | Mapping[str, Any] = setting(
        ("minimax", "heuristic", "least_squares"),
        "objectives of the generators, one child of each parent per objective: names, names with parameters such as "
        "least_squares(target=0.9), functions, or {name: function}",
        registry="egan_tf.evolution.objectives:OBJECTIVES",
        functions=True,
    )
    operators: tuple[str | Callable[..., Any], ...] = setting(
        ("mutation",),
        "variation operators that make the children of a generation",
        min_length=1,
        registry="egan_tf.evolution.operators:OPERATORS",
        functions=True,
    )
    population_size: int = setting(1, "generators that survive a generation", ge=1, le=MAX_INDIVIDUALS)
    gamma: float | Callable[..., Any] | pydantic.InstanceOf[Variable] = setting(
        0.01,
        "weight of the diversity in the fitness; in Python also a variable, or a function of the generation such as a "
        "Keras schedule",
        changeable=True,
    )
    evaluation_size: int | None = setting(
        None, "samples, real and generated, that a child is scored on; none for the batch size", ge=1, le=MAX_SAMPLES
    )
    reuse_evaluation_batch: bool = setting(
        True,
        "take the discriminator's first step on the evaluation batch, whose gradient is already computed; otherwise on "
        "a fresh batch, as in the paper; a bandit, which scores nothing, needs it",
    )
    discriminator_steps: int = setting(1, "optimizer steps of the discriminator per generation", ge=1, le=MAX_STEPS)
    # Not changeable, because the learning rate's schedule counts optimizer steps.
    mutation_steps: int = setting(1, "optimizer steps of a child before it is scored", ge=1, le=MAX_STEPS)
    crossover_steps: int = setting(1, "optimizer steps of a child of crossover", ge=1, le=2**8, changeable=True)
    tournaments: str = setting(
        "always",
        "generations in which all children are made and scored: always, as in the paper; every:K; auto, where they "
        "can decide something (auto:backoff or auto:angle for one of its rules); bandit for none, which needs the "
        "fitness egan and ignores gamma. In the others each parent has one child, at the price of a plain step, by its "
        "lineage's objective or one that a bandit chooses",
    )
    slots: Literal["lineage", "objective"] = setting(
        "lineage",
        "optimizer state that a child starts with: its parent's, or that of the last child of its objective, as in the "
        "authors' Theano code",
    )
    fitness: str | Callable[..., Any] = setting(
        "egan",
        "fitness of a child, higher is better: a name, or a function of (evaluation, gamma)",
        registry="egan_tf.evolution.fitness:FITNESSES",
        functions=True,
        changeable=True,
    )
    discriminator_loss: str | Callable[..., Any] = setting(
        "logistic",
        "loss of the discriminator: a name, or a function of (real_logits, fake_logits)",
        registry="egan_tf.evolution.losses:DISCRIMINATOR_LOSSES",
        functions=True,
    )
    augmentations: tuple[str, ...] = setting(
        (),
        "differentiable augmentations of all that the discriminator sees, for small data; none if no name follows",
        registry="egan_tf.evolution.augmentation:AUGMENTATIONS",
    )
    latent_distribution: Literal["normal", "uniform"] = setting(
        "normal", "distribution of the noise: N(0, 1), or uniform in [-1, 1]"
    )
    r1_weight: float = setting(
        0.0,
        "weight w of the R1 penalty w/2 E|grad D(x)|^2 at real samples (Mescheder et al. 2018)",
        ge=0.0,
        changeable=True,
    )
    r2_weight: float = setting(
        0.0,
        "weight w of the R2 penalty w/2 E|grad D(G(z))|^2 at generated samples (Mescheder et al. 2018)",
        ge=0.0,
        changeable=True,
    )
    gradient_penalty_weight: float = setting(
        0.0,
        "weight of the penalty E(|grad D(x)| - 1)^2 between real and generated samples (Gulrajani et al. 2017)",
        ge=0.0,
        changeable=True,
    )
    penalty_every: int = setting(
        1,
        "steps of the discriminator from one application of the penalties to the next; they count as many times "
        "(lazy regularization, Karras et al. 2020)",
        ge=1,
        le=MAX_STEPS,
        changeable=True,
    )
    lecam_weight: float = setting(
        0.0,
        "weight of E(l_r - a_F)^2 + E(l_f - a_R)^2, with a_R and a_F moving means of the logits of real and generated "
        "samples, for small data (Tseng et al. 2021)",
        ge=0.0,
    )
    burn_in: int = setting(
        0,
        "generations over which penalty weights, ema_decay and beta_2 go from their initial values to their own",
        ge=0,
        le=MAX_GENERATIONS,
    )
    initial_penalty_factor: float = setting(1.0, "factor of the penalty weights at the start of the burn-in", ge=0.0)
    initial_ema_decay: float | None = setting(
        None, "ema_decay at the start of the burn-in; none for ema_decay", ge=0.0, lt=1.0
    )
    ema_decay: float = setting(
        0.0,
        "decay per generation of the moving average of the weights that each survivor inherits, with a warm-up; "
        "0 for no average",
        ge=0.0,
        lt=1.0,
    )
    seed: int = setting(
        0, "seed of the noise; in a run also of the initial weights and the order of the data", ge=0, le=MAX_SEED
    )

    @pydantic.field_validator("tournaments", mode="after")
    @classmethod
    def _check_tournaments(cls, value: str) -> str:
        tournament_rule(value)
        return value

    @pydantic.field_validator("mutations", mode="before")
    @classmethod
    def _check_mutations(cls, value: Any) -> Any:
        """Refuses anything but a sequence of names and functions, or a mapping of names to functions."""
        if isinstance(value, Mapping):
            valid = _is_mutation(value)
        else:
            valid = isinstance(value, tuple) and all(map(_is_mutation, value))
        if not (valid and value):
            raise InputError(
                "mutations", f"must be a sequence of names or functions, at least one, got {format_value(value)}"
            )
        return value

    @pydantic.field_validator("mutations", mode="after")
    @classmethod
    def _freeze_mutations(cls, value: Any) -> Any:
        """Copies mappings, so that nobody changes them later."""
        return _frozen(value) if isinstance(value, Mapping) else tuple(map(_frozen, value))


def _frozen(value: Any) -> Any:
    return MappingProxyType(dict(value)) if isinstance(value, Mapping) else value


def _is_mutation(item: Any) -> bool:
    if isinstance(item, Mapping):
        return bool(item) and all(
            isinstance(name, str) and (isinstance(choice, str) or callable(choice)) for name, choice in item.items()
        )
    return isinstance(item, str) or callable(item)
