"""Branches of a step that cost nothing where they are not taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def either(condition: tf.Tensor, yes: Callable[[], Any], no: Callable[[], Any], xla: bool) -> Any:
    """As `tf.cond`, for large branches that assign to variables.

    TensorFlow inlines branches, and then passes a dead signal through each of the thousands of nodes of the other one;
    so each is a function that is called. XLA copies all variables that a branch assigns to; so there each is the body
    of a loop of at most one turn, which works in place.

    Args:
        condition: bool scalar.
        yes: makes tensors.
        no: makes tensors of the same structure, types and shapes.
        xla: whether XLA compiles the step.
    """
    if tf.executing_eagerly():
        return yes() if condition else no()
    if not xla:
        return tf.cond(condition, *(_called(branch) for branch in (yes, no)))
    specs = tf.function(no, autograph=False).get_concrete_function().structured_outputs
    start = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), specs)
    return change_if(~condition, lambda _: no(), change_if(condition, lambda _: yes(), start))


def do_either(condition: tf.Tensor, yes: Callable[[], None], no: Callable[[], None], xla: bool) -> None:
    """As `either`, for small branches that make nothing but assignments."""
    if not xla:
        tf.cond(condition, yes, no)
        return

    def once(due: tf.Tensor, branch: Callable[[], None]) -> None:
        def run(value: tf.Tensor) -> tf.Tensor:
            branch()
            return value

        change_if(due, run, tf.constant(0))

    once(condition, yes)
    once(~condition, no)


def change_if(condition: tf.Tensor, change: Callable[[Any], Any], value: Any) -> Any:
    """`change(value)` where the condition, a bool scalar, is true, otherwise the value; in place under XLA."""
    if tf.executing_eagerly():
        return change(value) if condition else value
    return tf.while_loop(
        lambda due, _: due,
        lambda _, now: (tf.constant(False), change(now)),
        (condition, value),
        parallel_iterations=1,
    )[1]


def _called(branch: Callable[[], Any]) -> Callable[[], Any]:
    return tf.function(branch, autograph=False, experimental_attributes={"_noinline": True})
