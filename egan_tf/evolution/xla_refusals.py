"""Steps that XLA cannot compile: recognised by TensorFlow's error, and said in one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from egan_tf.utils.checks import InputError, first_line
from egan_tf.utils.log_line import log_line

FIELD = "jit_compile"
_MARKS = ("when trying to compile graph", "tf2xla conversion failed", "XLA_CPU_JIT", "XLA_GPU_JIT")

TrainFunction = Callable[[Any], dict[str, tf.Tensor]]


def refusal_of(error: BaseException) -> str | None:
    """Why XLA does not compile a step, in one line; None for any other error.

    XLA compiles before anything runs, so that the step has changed no variable.
    """
    kinds = tf.errors.InvalidArgumentError, tf.errors.UnimplementedError
    if not isinstance(error, kinds) or not any(mark in str(error) for mark in _MARKS):
        return None
    missing = re.search(r" on XLA_\w+: (\w+) \(No registered", str(error))
    return f"it has no {missing[1]}" if missing else first_line(error)


@contextmanager
def refusals_in_one_line() -> Iterator[None]:
    """Replaces TensorFlow's report of many lines by an `InputError` that says how to train without XLA."""
    try:
        yield
    except Exception as error:
        if (reason := refusal_of(error)) is None:
            raise
        problem = f"XLA cannot compile a generation: {reason}; call compile(jit_compile=False)"
        raise InputError(FIELD, problem) from None


def or_without(compiled: TrainFunction, without: Callable[[], TrainFunction]) -> TrainFunction:
    """A train function that goes on without XLA where XLA cannot compile it, and says so.

    Args:
        compiled: by XLA; it takes no data from its iterator, which would be lost.
        without: makes the same without XLA, and sees to it that the next calls use that.
    """

    def first_try(iterator: Any) -> dict[str, tf.Tensor]:
        try:
            return compiled(iterator)
        except Exception as error:
            if (reason := refusal_of(error)) is None:
                raise
        log_line(f"{FIELD}: XLA cannot compile a generation, which runs without it: {reason}")
        return without()(iterator)

    return first_try
