"""The use of `tf.distribute` strategies: which there are, and that all of a model is made in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.batches import GenerationSizes
from egan_tf.evolution.functional_optimizer import inner_optimizers
from egan_tf.utils.checks import InputError, require

FIELD = "strategy"
STRATEGIES = (
    tf.distribute.MirroredStrategy,
    tf.distribute.MultiWorkerMirroredStrategy,
    tf.distribute.OneDeviceStrategy,
)
INSIDE = "make the networks, the optimizers and EGAN, and call compile, inside of one strategy.scope()"


def check_strategy() -> None:
    """Raises `InputError` in the scope of a strategy that does not hold all variables on every replica."""
    if not tf.distribute.has_strategy() or isinstance(tf.distribute.get_strategy(), STRATEGIES):
        return
    known = ", ".join(kind.__name__.replace("CollectiveAllReduce", "MultiWorkerMirrored") for kind in STRATEGIES)
    raise InputError(FIELD, f"{type(tf.distribute.get_strategy()).__name__} is not supported; use one of {known}")


def check_made_here(field: str, variables: Sequence[keras.Variable], what: str) -> None:
    """Checks that variables were created in the current scope, which may be none.

    Args:
        field: the name of their owner.
        variables: of a built object.
        what: the owner, for the message.

    Raises:
        InputError: one was not.
    """
    extended = tf.distribute.get_strategy().extended
    if all(extended.variable_created_in_scope(variable.value) for variable in variables):
        return
    where = "outside of the strategy's scope" if tf.distribute.has_strategy() else "in the scope of a strategy"
    raise InputError(field, f"{what} was made {where}, but is used {_here()}; {INSIDE}")


def check_compile_scope(model: Any) -> None:
    """Raises `InputError` unless `compile` is called in the scope that the model was made in."""
    require(_is_in_scope_of(model), "compile", f"was called {_here()}, EGAN was not made there; {INSIDE}")


def check_fit_scope(model: Any) -> None:
    """Raises `InputError` in the scope of another strategy than the model's."""
    valid = not tf.distribute.has_strategy() or _is_in_scope_of(model)
    require(valid, "fit", f"was called {_here()}, but EGAN was not made there; {INSIDE}")


def check_optimizer_scope(field: str, optimizer: keras.optimizers.Optimizer) -> None:
    """Raises `InputError` if an optimizer was made in another scope than this one."""
    for one in inner_optimizers(optimizer):
        check_made_here(field, one.variables, "the optimizer")


def check_sizes(sizes: GenerationSizes, population_size: int, count: int, *, evaluation_divided: bool = False) -> None:
    """Checks that replicas get equal parts of every batch, and a sample of every survivor.

    Args:
        sizes: of a generation, over all replicas.
        population_size: μ.
        count: the number of replicas.
        evaluation_divided: whether survivors share the evaluation samples; see `batches.divides_evaluation`.

    Raises:
        InputError: they do not.
    """
    for field in ("batch_size", "evaluation_size"):
        size = getattr(sizes, field)
        require(size % count == 0, field, f"must be a multiple of the number of replicas, {count}, got {size}")
    problem = f"must be at least {population_size * count}: each of {count} replicas takes a sample of every survivor"
    for field in ("batch_size", "evaluation_size") if evaluation_divided else ("batch_size",):
        size = getattr(sizes, field)
        require(size >= population_size * count, field, f"{problem}, got {size}")


def check_xla(jit_compile: bool | str, count: int) -> None:
    """Raises `InputError` if XLA is asked for on several replicas, between which it cannot communicate."""
    problem = f"cannot be True on {count} replicas: a program of XLA does not communicate; leave it out"
    require(count == 1 or jit_compile is not True, "jit_compile", problem)


def _is_in_scope_of(model: Any) -> bool:
    own = model._distribute_strategy
    return (tf.distribute.get_strategy() if tf.distribute.has_strategy() else None) is own


def _here() -> str:
    if not tf.distribute.has_strategy():
        return "outside of any strategy's scope"
    return f"in the scope of a {type(tf.distribute.get_strategy()).__name__}"
