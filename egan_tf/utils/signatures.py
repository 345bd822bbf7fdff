"""Generates the signature and documentation of a function that takes settings as keywords."""

from __future__ import annotations

import inspect
import textwrap
import typing
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from egan_tf.utils.settings import Setting, Settings, settings_of

WIDTH = 120
Function = TypeVar("Function", bound=Callable[..., Any])


def takes_settings(group: type[Settings]) -> Callable[[Function], Function]:
    """Adds the settings to the signature and the docstring of a function that takes them as `**settings`.

    The docstring's line `{settings}` is replaced by one entry for each field.
    """

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        given = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        hints = typing.get_type_hints(group)
        keywords = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declared.default, annotation=hints[name])
            for name, declared in settings_of(group).items()
        ]
        function.__signature__ = signature.replace(parameters=[*given, *keywords])  # type: ignore[attr-defined]
        if function.__doc__:
            function.__doc__ = _with_entries(function.__doc__, settings_of(group).values())
        return function

    return decorate


def _with_entries(doc: str, declared: Iterable[Setting]) -> str:
    lines: list[str] = []
    for line in doc.splitlines():
        if line.strip() != "{settings}":
            lines.append(line)
            continue
        indent = line[: len(line) - len(line.lstrip())]
        for one in declared:
            text = f"{one.name}: {one.help}{_names_in(one)}."
            lines += textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ")
    return "\n".join(lines)


def _names_in(declared: Setting) -> str:
    return f"; names in `{declared.registry.partition(':')[2]}`" if declared.registry else ""
