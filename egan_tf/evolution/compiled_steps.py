"""Several generations as one program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def several_steps(
    train_step: Callable[[Any], dict[str, tf.Tensor]], count: int, jit_compile: bool
) -> Callable[[Any], dict[str, tf.Tensor]]:
    """A train function for Keras that takes nothing from its iterator and makes `count` steps in one program."""
    one = tf.function(train_step, jit_compile=jit_compile)
    nothing = tf.TensorSpec((), tf.int32)
    logs = one.get_concrete_function(nothing).structured_outputs
    empty = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), logs)

    @tf.function(jit_compile=jit_compile)
    def several() -> dict[str, tf.Tensor]:
        _, last = tf.while_loop(
            lambda step, _: step < count,
            lambda step, _: (step + 1, one(step)),
            (tf.constant(0), empty),
            parallel_iterations=1,
        )
        return last

    return lambda iterator: several()
