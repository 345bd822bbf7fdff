"""γ, the weight of the diversity in the fitness: a constant, a variable, or a function of the generation.

A constant is part of the compiled step. Once a number is assigned, γ is a variable that the step reads, so that further
assignments need no compilation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from egan_tf.evolution.settings import Variable
from egan_tf.utils.checks import InputError, first_line, format_value, require

FIELD = "gamma"


class Gamma:
    """γ of a model.

    Attributes:
        given: the number, variable or function that was given or assigned last.
    """

    def __init__(self, given: Any) -> None:
        """Checks γ; a variable or function must give a finite scalar.

        Args:
            given: a number, a `tf.Variable` or `keras.Variable`, or a function of the generation, a float32 scalar,
                such as a Keras `LearningRateSchedule`.

        Raises:
            InputError: the variable or the function is no finite scalar.
        """
        self.given = self._first = given
        self._assigned: tf.Variable | None = None
        _check(given)

    @property
    def constant(self) -> bool:
        """Whether γ is part of the compiled step."""
        return isinstance(self.given, float) and self._assigned is None

    def at(self, generation: tf.Tensor) -> float | tf.Tensor:
        """γ of a generation: a float if it is constant, otherwise a float32 scalar.

        Args:
            generation: int64 scalar.
        """
        if self._assigned is not None:
            return tf.identity(self._assigned)
        return _value(self.given, generation)

    def number(self, generation: tf.Tensor) -> float:
        """γ of a generation as a number."""
        return self.given if isinstance(self.given, float) else float(_value(self.given, generation))

    def assign(self, given: Any) -> bool:
        """Replaces γ; returns whether the step must be compiled anew.

        Args:
            given: as for the constructor. A number is assigned to the variable, if there is one.
        """
        if given is self.given or (self.constant and given == self.given):
            return False
        if isinstance(given, float) and isinstance(self.given, Variable):
            self.given.assign(given)
            return False
        before, self.given = self._assigned, given
        if isinstance(given, float) and before is not None:
            before.assign(given)
            return False
        self._assigned = tf.Variable(given, dtype=tf.float32, trainable=False) if isinstance(given, float) else None
        return True

    def restore(self, saved: float | None) -> bool:
        """Returns γ to what it was when `saved` was read; returns whether the step must be compiled anew."""
        if saved is not None:
            return self.assign(saved)
        if self.given is self._first or self.function_assigned:
            return False
        self.given, self._assigned = self._first, None
        return True

    @property
    def function_assigned(self) -> bool:
        """Whether γ is a function that the constructor did not get; `saved` cannot say which."""
        return callable(self.given) and self.given is not self._first

    @property
    def saved(self) -> float | None:
        """The number to save with the weights; None if the constructor's argument says it all."""
        if isinstance(self.given, Variable):
            return float(tf.convert_to_tensor(self.given))
        return self.given if self._assigned is not None else None


def _value(given: Any, generation: tf.Tensor) -> Any:
    if isinstance(given, float):
        return given
    value = given(tf.cast(generation, tf.float32)) if callable(given) else given
    return tf.cast(tf.identity(tf.convert_to_tensor(value)), tf.float32)


def _check(given: Any) -> None:
    if isinstance(given, float):
        require(abs(given) <= float(tf.float32.max), FIELD, f"must be a finite number in float32, got {given!r}")
        return
    try:
        # Traced, because that is how a step calls it.
        value = tf.function(_scalar(given), autograph=False)(tf.constant(0, tf.int64))
    except InputError:
        raise
    except Exception as error:  # the user's function may raise anything
        raise InputError(
            FIELD, f"{format_value(given)} cannot be called with the generation, a float32 scalar: {first_line(error)}"
        ) from error
    require(math.isfinite(value), FIELD, f"must be a finite number, got {format_value(given)}, which is {value:g}")


def _scalar(given: Any) -> Callable[[tf.Tensor], tf.Tensor]:
    def scalar(generation: tf.Tensor) -> tf.Tensor:
        source = given(tf.cast(generation, tf.float32)) if callable(given) else given
        value = tf.convert_to_tensor(source)
        fits = value.shape == () and (value.dtype.is_floating or value.dtype.is_integer)
        found = f"{value.dtype.name} of shape {value.shape}"
        require(fits, FIELD, f"must be a real scalar, {format_value(given)} gives {found}")
        return tf.cast(value, tf.float32)

    return scalar
