"""Checks of user input. Every error is one line that names the field and says which values are valid."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Hashable, Iterable
from numbers import Integral, Real
from typing import Any, TypeVar

MAX_VALUE_LENGTH = 100

Value = TypeVar("Value", bound=Hashable)


class InputError(ValueError):
    """A value from the user is invalid.

    The message is one line, `FIELD: PROBLEM`. The commands print it and exit with status 2; in a notebook it is an
    ordinary `ValueError`.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = " ".join(problem.split())
        super().__init__(f"{field}: {self.problem}")


class RunError(RuntimeError):
    """A run cannot continue, although its input is valid; the message is one line that says what is saved.

    The commands print it and exit with status 1.
    """


def require(condition: bool, field: str, problem: str) -> None:
    """Raises `InputError(field, problem)` unless `condition` is true."""
    if not condition:
        raise InputError(field, problem)


def repeated(values: Iterable[Value]) -> Value | None:
    """The first value that occurs more than once; None if none does."""
    return next((value for value, count in Counter(values).items() if count > 1), None)


def integer(field: str, value: Any, minimum: int = 1, maximum: int | None = None) -> int:
    """Returns `value` as an `int`; raises `InputError` for booleans, fractions and values outside the limits."""
    valid = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= minimum
    require(valid, field, f"must be a whole number of at least {minimum}, got {format_value(value)}")
    require(maximum is None or int(value) <= maximum, field, f"must be at most {maximum}, got {format_value(value)}")
    return int(value)


def boolean(field: str, value: Any) -> bool:
    """Returns `value` if it is a `bool`; raises `InputError` for texts such as "False" and for numbers."""
    require(isinstance(value, bool), field, f"must be True or False, got {format_value(value)}")
    return bool(value)


def format_value(value: Any) -> str:
    """Formats a value for a message: its `repr` in one line, truncated after `MAX_VALUE_LENGTH` characters."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python does not print integers of thousands of digits
        return "a number of thousands of digits"
    except RecursionError:
        return "something deeply nested"
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}..."


def first_line(error: BaseException | None) -> str:
    """An exception of someone else's code in one line: its type, and the first line of its message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else ""
    return f"{type(error).__name__}: {message[: 2 * MAX_VALUE_LENGTH]}" if message else type(error).__name__


def number(
    field: str,
    value: Any,
    minimum: float = -math.inf,
    maximum: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
) -> float:
    """Returns `value` as a finite `float` in [minimum, maximum].

    Args:
        field: the name in the error message.
        value: the value to check.
        minimum: the lower limit.
        maximum: the upper limit.
        above: excludes the lower limit itself.
        below: excludes the upper limit itself.

    Raises:
        InputError: `value` is not a number, not finite, or outside the limits.
    """
    valid = isinstance(value, Real) and not isinstance(value, bool) and _is_finite(value)
    require(valid, field, f"must be a finite number, got {format_value(value)}")
    low = value > minimum if above else value >= minimum
    high = value < maximum if below else value <= maximum
    if not (low and high):
        bounds = []
        if minimum > -math.inf:
            bounds.append(f"{'above' if above else 'at least'} {minimum:g}")
        if maximum < math.inf:
            bounds.append(f"{'below' if below else 'at most'} {maximum:g}")
        raise InputError(field, f"must be {' and '.join(bounds)}, got {format_value(value)}")
    return float(value)


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer too large for a float
        return False


def one_of(field: str, value: Any, choices: Iterable[Any]) -> Any:
    """Returns `value` if it is one of `choices`; otherwise raises `InputError`, which lists them and suggests one."""
    choices = list(choices)
    if value in choices:
        return value
    names = [str(choice) for choice in choices]
    similar = difflib.get_close_matches(format_value(value).strip("'"), names, n=1)
    hint = f" (did you mean {similar[0]!r}?)" if similar else ""
    raise InputError(field, f"unknown value {format_value(value)}{hint}; choose from {', '.join(sorted(names))}")
