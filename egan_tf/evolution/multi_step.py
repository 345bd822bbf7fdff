"""Several generations as one program, and whether XLA should compile it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.map_functions import choose_map, vectorized_map
from egan_tf.utils.checks import InputError


def multi_step_function(
    train_step: Callable[[Any], dict[str, tf.Tensor]], count: int, jit_compile: bool, run_eagerly: bool = False
) -> Callable[[Any], dict[str, tf.Tensor]]:
    """A train function for Keras that makes `count` steps in one program and takes no data from its iterator.

    Args:
        train_step: one generation, from a scalar that it ignores to logs.
        count: steps per call.
        jit_compile: whether XLA compiles the program.
        run_eagerly: whether the steps run one by one, uncompiled.

    Returns:
        A function of the iterator that returns the logs of the last step.
    """
    if run_eagerly:
        return lambda iterator: [train_step(None) for _ in range(count)][-1]
    one_step = tf.function(train_step, jit_compile=jit_compile)
    unused = tf.TensorSpec((), tf.int32)
    try:
        logs = one_step.get_concrete_function(unused).structured_outputs
    except Exception as error:
        raise _refusal_behind(error) from None
    initial = tf.nest.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), logs)

    @tf.function(jit_compile=jit_compile)
    def all_steps() -> dict[str, tf.Tensor]:
        _, last = tf.while_loop(
            lambda step, _: step < count,
            lambda step, _: (step + 1, one_step(step)),
            (tf.constant(0), initial),
            parallel_iterations=1,
        )
        return last

    return lambda iterator: all_steps()


def _refusal_behind(error: BaseException) -> BaseException:
    """The `InputError` that autograph has wrapped in an error of many lines; otherwise the error itself."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, InputError):
        found = found.__cause__ or found.__context__
    return found or error


def xla_pays(generator: keras.Model, discriminator: keras.Model, sampled_in_step: bool) -> bool:
    """Whether XLA makes the generation faster: on a GPU; on a CPU for dense networks.

    Args:
        generator: the generator.
        discriminator: the discriminator.
        sampled_in_step: whether the real samples are made inside the step; otherwise XLA does not pay on a CPU.
    """
    if tf.config.list_logical_devices("GPU"):
        return True
    return sampled_in_step and choose_map(generator, discriminator) is vectorized_map
