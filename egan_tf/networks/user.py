"""Networks that a function of the user builds."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
import tensorflow as tf

from egan_tf.utils.checks import InputError, first_line, format_value

AUTO = "auto"


def call_user_networks(
    function: Callable[..., Any], name: str, values: Mapping[str, Any], defaults: Mapping[str, Collection[Any]]
) -> tuple[keras.Model, keras.Model]:
    """Calls a function with those of the given values that its signature has, by keyword.

    Args:
        function: returns (generator, discriminator).
        name: of the function, for messages.
        values: by name. A value "auto" is left out where the function has a default of its own.
        defaults: by name, the values that are left out if the function does not take them; any other value is refused.
            A name that is not among them may always be left out.

    Returns:
        The generator and the discriminator.

    Raises:
        InputError: the function cannot be called so, fails, or returns something else; or it does not take a setting
            that is not at its default. The message names the setting.
    """
    arguments = _arguments(function, name, values, defaults)
    try:
        found = function(**arguments)
    except (InputError, MemoryError, tf.errors.ResourceExhaustedError):
        raise
    except Exception as error:  # the user's function may raise anything
        raise InputError("network", f"{name} failed: {first_line(error)}") from error
    if not isinstance(found, tuple | list):
        raise InputError("network", f"{name} must return (generator, discriminator), got {type(found).__name__}")
    if len(found) != 2 or not all(isinstance(one, keras.Model) for one in found):
        kinds = ", ".join(type(one).__name__ for one in found)
        raise InputError("network", f"{name} must return (generator, discriminator), two keras.Model, got ({kinds})")
    return found[0], found[1]


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function takes a keyword argument of this name."""
    parameters = inspect.signature(function).parameters
    return name in _by_keyword(parameters) or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _by_keyword(parameters: Mapping[str, inspect.Parameter]) -> dict[str, inspect.Parameter]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in parameters.items() if parameter.kind in kinds}


def _arguments(
    function: Callable[..., Any], name: str, values: Mapping[str, Any], defaults: Mapping[str, Collection[Any]]
) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError) as error:
        raise InputError("network", f"{name} has no signature that could be read: {error}") from error
    named = _by_keyword(parameters)
    for key, parameter in parameters.items():
        optional = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if not (optional or parameter.default is not parameter.empty or (key in named and key in values)):
            problem = f"{name} needs an argument {key}; it can have, by keyword, {', '.join(values)}"
            raise InputError("network", problem)
    arguments = {}
    for key, value in values.items():
        if takes(function, key):
            if not (value == AUTO and (key not in named or named[key].default is not inspect.Parameter.empty)):
                arguments[key] = value
        elif key in defaults and value not in defaults[key]:
            usual = " or ".join(map(format_value, dict.fromkeys(defaults[key])))
            raise InputError(key, f"{name} takes no {key}; leave it at {usual}, got {format_value(value)}")
    return arguments
