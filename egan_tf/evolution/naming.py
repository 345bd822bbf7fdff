"""Resolves names in a registry, names with parameters (`"least_squares(target=0.9)"`), and the user's functions."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from egan_tf.utils.checks import InputError, format_value, one_of, repeated, require

Named = tuple[str, Callable[..., Any]]


def resolve(field: str, choice: str | Callable[..., Any], registry: Mapping[str, Callable[..., Any]]) -> Named:
    """The name and the function of a choice.

    Args:
        field: the setting, for messages.
        choice: a name in the registry; a name with keyword parameters, such as "least_squares(target=0.9)"; or a
            function, which is named after itself.
        registry: functions by name. Their keyword-only arguments are the parameters.

    Raises:
        InputError: an unknown name or parameter, a parameter value that is no literal, or a choice of another type.
    """
    if callable(choice):
        return name_of(choice), choice
    require(isinstance(choice, str), field, f"must be a name or a function, got {format_value(choice)}")
    if "(" not in str(choice):
        return one_of(field, choice, registry), registry[choice]
    name, parameters = _parse(field, choice)
    function = registry[one_of(field, name, registry)]
    known = [key for key, kind in inspect.signature(function).parameters.items() if kind.kind is kind.KEYWORD_ONLY]
    require(bool(known), field, f"{name} takes no parameters, got {choice}")
    for key in parameters:
        one_of(f"{field}: {name}", key, known)
    return choice, functools.partial(function, **parameters)


def name_of(function: Callable[..., Any]) -> str:
    """A function's name; of a `functools.partial` with its arguments, of another callable object that of its class."""
    if isinstance(function, functools.partial):
        given = [*map(format_value, function.args), *(f"{k}={format_value(v)}" for k, v in function.keywords.items())]
        return f"{name_of(function.func)}({', '.join(given)})"
    return str(getattr(function, "__name__", type(function).__name__))


def resolve_all(
    field: str, choices: Sequence[Any] | Mapping[str, Any], registry: Mapping[str, Callable[..., Any]]
) -> dict[str, Callable[..., Any]]:
    """Several choices as functions by name, in the order given.

    Args:
        field: the setting, for messages.
        choices: each as `resolve` takes it, or `{"name": function}`; or one mapping for all.
        registry: functions by name.

    Raises:
        InputError: no choice, a name or a function twice, or one that `resolve` refuses.
    """
    listed = [choices] if isinstance(choices, Mapping) else choices
    usable = isinstance(listed, Sequence) and not isinstance(listed, str) and len(listed) > 0
    require(usable, field, f"must be a sequence of names or functions, got {format_value(choices)}")
    named: list[Named] = []
    for choice in listed:
        if isinstance(choice, Mapping):
            named += [(str(name), resolve(field, function, registry)[1]) for name, function in choice.items()]
        else:
            named.append(resolve(field, choice, registry))
    names = [name for name, _ in named]
    odd = next((name for name in names if not (name.strip() and name.isprintable())), None)
    require(odd is None, field, f"names a function {odd!r}; a name is printed in tables and plots")
    twice = repeated(names)
    require(twice is None, field, f"contains {twice!r} twice; name functions that share a name by {{'name': function}}")
    require(bool(named), field, "must contain at least one")
    for (name, function), (other, same) in itertools.combinations(named, 2):
        problem = f"contains {name!r} and {other!r}, which compute the same; keep one of them"
        require(not _computes_the_same(function, same), field, problem)
    return dict(named)


def _computes_the_same(function: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether both are the same function with the same parameters; equal code in two functions is not seen."""
    one, two = functools.partial(function), functools.partial(other)  # partials of partials are flattened
    if not _is_same(one.func, two.func):
        return False
    values = _values(one), _values(two)
    return len(values[0]) == len(values[1]) and all(map(_is_same, *values))


def _values(call: functools.partial[Any]) -> tuple[Any, ...]:
    """The arguments of a call, and by name its parameters with their defaults."""
    try:
        known = inspect.signature(call.func).parameters.items()
    except (TypeError, ValueError):  # of a callable that does not say
        known = {}.items()
    words = {name: one.default for name, one in known if one.default is not one.empty} | call.keywords
    return *call.args, *itertools.chain(*sorted(words.items()))


def _is_same(value: Any, other: Any) -> bool:
    # Comparing arrays, or objects of the user, may do anything.
    plain = all(inspect.ismethod(one) or isinstance(one, str | int | float) for one in (value, other))
    return value is other or (plain and bool(value == other))


def _parse(field: str, text: str) -> tuple[str, dict[str, Any]]:
    """The name and the literal keyword arguments of a call written as text."""
    try:
        call = ast.parse(text, mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args:
            raise ValueError("not a name with keyword parameters")
        return call.func.id, {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        example = "such as least_squares(target=0.9)"
        raise InputError(field, f"cannot read {format_value(text)}; write NAME(PARAMETER=VALUE), {example}") from error
