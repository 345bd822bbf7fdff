"""Checks what a variation operator of the user says and makes, while a generation is traced, before training."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from egan_tf.evolution.individual import Individual
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.variation import Operator, VariationContext
from egan_tf.utils.checks import InputError, first_line, format_value, require

FIELD = "operators"
_PARENTS = 2


def check_operator(operator: Operator, population_size: int) -> None:
    """Checks an operator's names, and the number of its children.

    Raises:
        InputError: it has no names or makes no children.
    """
    kind, names = name_of(operator), operator.names
    named = isinstance(names, tuple | list) and all(isinstance(name, str) and name for name in names) and names
    require(bool(named), FIELD, f"{kind}.names must be a tuple of names, got {format_value(names)}")
    try:
        count: Any = operator.count(population_size)
    except Exception as error:  # the user's method may raise anything
        raise InputError(FIELD, f"{kind}.count({population_size}) fails: {first_line(error)}") from error
    whole = isinstance(count, int) and not isinstance(count, bool) and count >= 1
    require(whole, FIELD, f"{kind}.count({population_size}) must be a whole number of at least 1, got {count!r}")


def children_of(operator: Operator, context: VariationContext, parents: Individual) -> Individual:
    """The children that an operator makes, checked.

    Raises:
        InputError: they are not as many as the operator says, or do not have the parents' form, or it fails.
    """
    kind = name_of(operator)
    try:
        children = operator(context, parents)
    except InputError:
        raise
    except Exception as error:  # the user's operator may raise anything
        raise InputError(FIELD, f"{kind} fails: {first_line(error)}") from error
    given = format_value(type(children).__name__)
    require(isinstance(children, Individual), FIELD, f"{kind} must make an Individual, got {given}")
    count = operator.count(parents.origin.operator.shape[0])
    _check(kind, "origin", children.origin, parents.origin, count)
    if children.gradient and context.may_defer:
        _check(kind, "gradient", children.gradient, parents.network.trainable, count)
        _check(kind, "non-trainable state", children.network.non_trainable, parents.network.non_trainable, count)
        return children
    _check(kind, "network", children.network, parents.network, count)
    slots = tuple(slot[:, 0] for slot in parents.slots) if context.slots_per_objective else parents.slots
    _check(kind, "slots", children.slots, slots, count)
    return children._replace(gradient=())


def _check(kind: str, part: str, made: Any, model: Any, count: int) -> None:
    """Checks that `made` is as `model`, but with `count` members."""
    try:
        tf.nest.assert_same_structure(model, made)
    except (TypeError, ValueError) as error:
        problem = f"{kind} makes children whose {part} is not built as the parents' {part}: {type(made).__name__}"
        raise InputError(FIELD, problem) from error
    for expected, value in zip(tf.nest.flatten(model), tf.nest.flatten(made), strict=True):
        found = f"{value.dtype.name} {value.shape}" if isinstance(value, tf.Tensor) else format_value(value)
        wanted = f"{expected.dtype.name} {(count, *expected.shape[1:])}"
        fits = isinstance(value, tf.Tensor) and value.dtype == expected.dtype
        fits = fits and value.shape.is_fully_defined() and tuple(value.shape) == (count, *expected.shape[1:])
        require(fits, FIELD, f"{kind} makes children whose {part} holds {found}, where {wanted} is needed")
