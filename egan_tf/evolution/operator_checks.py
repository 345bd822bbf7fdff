"""Checks what a variation operator of the user says and makes, while a generation is traced, before training."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.evolution.crossover import Crossover
from egan_tf.evolution.individual import NONE, Individual, Origin
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.stacking import where
from egan_tf.evolution.stateless import Tensors
from egan_tf.evolution.variation import Operator, VariationContext
from egan_tf.utils.checks import InputError, first_line, format_value, require

FIELD = "operators"
OWN = (ObjectiveMutation, Crossover)
"""Operators whose children need no look at their origins."""


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
        return children if type(operator) in OWN else _without_strangers(operator, children, parents)
    _check(kind, "network", children.network, parents.network, count)
    slots = tuple(slot[:, 0] for slot in parents.slots) if context.slots_per_objective else parents.slots
    _check(kind, "slots", children.slots, slots, count)
    children = children._replace(gradient=())
    return children if type(operator) in OWN else _without_strangers(operator, children, parents)


def _without_strangers(operator: Operator, children: Individual, parents: Individual) -> Individual:
    """The children, of which those of parents or operators that there are not fail: they count as rejected.

    Without this a CPU would stop in the middle of a generation, and a GPU go on with zeros.
    """
    size, names = parents.origin.operator.shape[0], len(operator.names)
    low = Origin(np.array([0, NONE]), np.array(0))
    high = Origin(np.array([size - 1, size - 1]), np.array(names - 1))
    for given, least, most in zip(map(tf.get_static_value, children.origin), low, high, strict=True):
        problem = f"{name_of(operator)} makes children of parents or kinds that there are not; parents are 0 to "
        problem += f"{size - 1}, the second -1 for none, and kinds 0 to {names - 1}"
        require(given is None or bool(np.all((given >= least) & (given <= most))), FIELD, problem)
    origin = Origin(*map(tf.clip_by_value, children.origin, low, high))
    valid = tf.reduce_all(origin.parents == children.origin.parents, axis=1)
    valid &= origin.operator == children.origin.operator

    def failed(values: Tensors) -> Tensors:
        return where(valid, values, tuple(tf.fill(value.shape, tf.constant(np.nan, value.dtype)) for value in values))

    network = children.network._replace(trainable=failed(children.network.trainable))
    return Individual(network, children.slots, origin, failed(children.gradient))


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
