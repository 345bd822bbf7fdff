"""Branches as functions and as loops do what `tf.cond` does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.branches import change_if, do_either, either
from egan_tf.evolution.evaluation import gradient_norm, norm_by_columns

KINDS = ("eager", "graph", "xla")


def run(kind: str, function: Callable[[tf.Tensor], tf.Tensor], condition: bool) -> tf.Tensor:
    if kind == "eager":
        return function(tf.constant(condition))
    return tf.function(function, autograph=False, jit_compile=kind == "xla")(tf.constant(condition))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("condition", [True, False])
def test_one_branch_is_run_once_and_the_other_not_at_all(kind: str, condition: bool) -> None:
    variables = [tf.Variable(1.0), tf.Variable(1.0)]

    def branch(position: int) -> dict[str, tf.Tensor]:
        variables[position].assign(3.0 * variables[position])
        return {"position": tf.constant(position), "value": variables[position] + 0.5}

    found = run(kind, lambda c: either(c, lambda: branch(0), lambda: branch(1), xla=kind == "xla"), condition)
    assert {name: value.numpy() for name, value in found.items()} == {"position": 1 - condition, "value": 3.5}
    assert [variable.numpy() for variable in variables] == ([3.0, 1.0] if condition else [1.0, 3.0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("condition", [True, False])
def test_assignments_of_one_branch(kind: str, condition: bool) -> None:
    first, second = tf.Variable(1.0), tf.Variable(1.0)

    def yes() -> None:
        first.assign_add(1.0)

    def no() -> None:
        second.assign_add(1.0)

    def run_one(c: tf.Tensor) -> tf.Tensor:
        do_either(c, yes, no, xla=kind == "xla")
        return tf.constant(0)

    run(kind, run_one, condition)
    assert (first.numpy(), second.numpy()) == ((2.0, 1.0) if condition else (1.0, 2.0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("condition", [True, False])
def test_a_structure_is_changed_where_the_condition_holds(kind: str, condition: bool) -> None:
    value = (tf.constant([1.0, 2.0]), {"a": tf.constant(3)})
    change = lambda now: tf.nest.map_structure(lambda one: 2 * one, now)  # noqa: E731
    first, rest = run(kind, lambda c: change_if(c, change, value), condition)
    factor = 2 if condition else 1
    assert first.numpy().tolist() == [factor, 2 * factor]
    assert rest["a"].numpy() == 3 * factor


def test_the_norm_by_columns_is_the_norm() -> None:
    random = np.random.default_rng(0)
    gradient = tuple(tf.constant(random.normal(size=shape), tf.float32) for shape in ((), (5,), (3, 4), (2, 2, 3, 4)))
    np.testing.assert_allclose(norm_by_columns(gradient), gradient_norm(gradient), rtol=1e-6)
    assert float(norm_by_columns((tf.zeros([2, 3]),))) == 0.0
    assert not np.isfinite(norm_by_columns((tf.constant([[1.0, np.nan]]),)))
