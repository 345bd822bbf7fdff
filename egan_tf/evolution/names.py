"""Mutations and fitness functions by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from egan_tf.evolution.fitness import FITNESSES, Fitness
from egan_tf.evolution.objectives import MUTATIONS, Mutation
from egan_tf.utils.checks import InputError, one_of, require


def named_mutations(mutations: Sequence[str | Mutation] | Mapping[str, Mutation]) -> dict[str, Mutation]:
    """The mutations by name, in the order given; a function has its own name.

    Raises:
        InputError: for an unknown or repeated name, or where there are none.
    """
    if isinstance(mutations, str) or not isinstance(mutations, Sequence) or not mutations:
        raise InputError("mutations", f"must be a sequence of names or functions of logits, got {mutations!r}")
    named = dict(_named("mutations", mutation, MUTATIONS) for mutation in mutations)
    require(len(named) == len(mutations), "mutations", "names the same mutation twice")
    return named


def named_fitness(fitness: str | Fitness) -> Fitness:
    """The fitness function of that name, or the function itself."""
    return _named("fitness", fitness, FITNESSES)[1]


def _named(field: str, choice: str | Callable[..., Any], registry: Mapping[str, Any]) -> tuple[str, Any]:
    if callable(choice):
        return getattr(choice, "__name__", type(choice).__name__), choice
    return one_of(field, choice, registry), registry[choice]
