"""Variation operators by name. To add one, implement `variation.Operator` and name it in `OPERATORS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from egan_tf.evolution.crossover import Crossover
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.naming import name_of, resolve_all
from egan_tf.evolution.objectives import OBJECTIVES
from egan_tf.evolution.operator_checks import check_operator
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.variation import Operator, is_operator
from egan_tf.utils.checks import InputError, format_value, one_of, require


def mutation(settings: EvolutionSettings) -> Operator:
    """One child of each parent per objective, which takes gradient steps on it, Wang et al. 2018."""
    return ObjectiveMutation(resolve_all("mutations", settings.mutations, OBJECTIVES))


def crossover(settings: EvolutionSettings) -> Operator:
    """One child that learns from the better of the two fittest so far, sample by sample, Li et al. 2021 (IE-GAN)."""
    return Crossover(settings.crossover_steps)


OPERATORS: dict[str, Callable[[EvolutionSettings], Operator]] = {"mutation": mutation, "crossover": crossover}
"""By name, a function that builds the operator from the settings."""


def operators_of(settings: EvolutionSettings) -> tuple[Operator, ...]:
    """The operators that the settings name, in the order in which they make children.

    Raises:
        InputError: an unknown name, an object that is no operator, two kinds of children with the same name, or fewer
            children than survivors.
    """
    operators: list[Operator] = []
    choices: tuple[Any, ...] = settings.operators
    for choice in choices:
        if isinstance(choice, str):
            operators.append(OPERATORS[one_of("operators", choice, OPERATORS)](settings))
        elif is_operator(choice):
            check_operator(choice, settings.population_size)
            operators.append(choice)
        else:
            raise InputError("operators", f"must be names or variation operators, got {format_value(choice)}")
    _check_order(operators, settings.population_size)
    names = [name for operator in operators for name in operator.names]
    require(bool(names), "operators", "must make at least one kind of children")
    require(len(set(names)) == len(names), "operators", f"name a kind of children twice: {', '.join(names)}")
    count, size = sum(operator.count(settings.population_size) for operator in operators), settings.population_size
    require(count >= size, "operators", f"make {count} children of {size} parents; at least as many must be made")
    return tuple(operators)


def _check_order(operators: list[Operator], population_size: int) -> None:
    """Refuses an operator that needs more children of operators before it than they make."""
    made = 0
    for operator in operators:
        needed = getattr(operator, "needed_children", 0)
        problem = f"{name_of(operator).lower()} needs {needed} children of operators before it, and there are {made}"
        require(made >= needed, "operators", problem)
        made += operator.count(population_size)
