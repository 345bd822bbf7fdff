"""Command line flags generated from settings, each with its help, choices and default."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, Literal

from egan_tf.utils.checks import InputError, one_of
from egan_tf.utils.command_line import OneLineParser
from egan_tf.utils.registries import names_in
from egan_tf.utils.settings import Setting, Settings, sections_of, settings_of, title_of

NONE = ("none", "None")
"""Texts of no value, where a setting may have none."""
_METAVARS = {int: "N", float: "X", tuple: "NAME", str: "TEXT"}


def add_flags(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    """Adds a group of flags for each section of a configuration; flags that are not given set no attribute.

    Args:
        parser: the parser.
        defaults: the configuration whose values the help shows as defaults.
    """
    for section, group in sections_of(type(defaults)).items():
        flags = parser.add_argument_group(title_of(group))
        for name, declared in settings_of(group).items():
            _add_flag(flags, declared, getattr(getattr(defaults, section), name))


def parse_flags(parser: OneLineParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parses a command line. `--batch_size` is accepted for `--batch-size`, and negative numbers as values of flags.

    Raises:
        InputError: an unknown flag (the message suggests the nearest one), or an unexpected argument.
    """
    options, rest = parser.parse_known_args(with_dashes(arguments))
    unknown = next((part for part in rest if part.startswith("-") and part != "--"), None)
    if unknown is not None:
        flag, known = unknown.partition("=")[0], [*parser._option_string_actions]
        try:
            one_of("arguments", flag, known)
        except InputError as error:
            near = error.problem.partition(";")[0].replace("unknown value", "unknown flag", 1)
            raise InputError("arguments", f"{near}; --help lists the flags") from None
    if rest:
        raise InputError("arguments", f"unexpected {rest[0]!r}; --help lists the flags")
    return options


def given_values(options: argparse.Namespace, group: type[Settings]) -> dict[str, dict[str, Any]]:
    """The values of the flags that were given, by section and name, for `Settings.replace`."""
    return {
        section: {name: getattr(options, name) for name in settings_of(inner) if hasattr(options, name)}
        for section, inner in sections_of(group).items()
    }


def _add_flag(flags: argparse._ArgumentGroup, declared: Setting, default: Any) -> None:
    flag = f"--{declared.name.replace('_', '-')}"
    shared: dict[str, Any] = {"dest": declared.name, "default": argparse.SUPPRESS, "help": _help(declared, default)}
    if declared.kind is bool:
        # Its own help would add the default a second time.
        flags.add_argument(flag, action=argparse.BooleanOptionalAction, **shared)
    elif declared.kind is Literal:
        flags.add_argument(flag, metavar="{" + ",".join(declared.choices) + "}", **shared)
    elif declared.kind is tuple:
        flags.add_argument(flag, nargs="*", metavar="NAME", **shared)
    else:
        metavar = "DIR" if declared.folder else "NAME" if declared.registry else _METAVARS[declared.kind]
        flags.add_argument(flag, type=lambda text: _value(declared, text), metavar=metavar, **shared)


def _value(declared: Setting, text: str) -> Any:
    """Converts the text of a flag; returns text that cannot be converted, for the settings to refuse."""
    if declared.optional and text in NONE:
        return None
    try:
        return declared.kind(text)
    except ValueError:
        return text


def _help(declared: Setting, default: Any) -> str:
    names = ", ".join(names_in(declared.registry)) if declared.registry else ""
    functions = ", or module:function" if declared.functions else ""
    parts = [declared.help, *([f"names: {names}{functions}"] if names or functions else [])]
    return f"{'; '.join(parts)} (default: {_format_default(default)})".replace("%", "%%")


def _format_default(default: Any) -> str:
    if isinstance(default, tuple):
        return " ".join(map(str, default)) or "no names"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return "none" if default is None else str(default) or "empty"


def with_dashes(arguments: Sequence[str]) -> list[str]:
    """Replaces underscores in flags by dashes, and joins a negative number to its flag, as argparse needs."""
    found: list[str] = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if re.fullmatch(r"--[\w-]+", name):
            found.append(name.replace("_", "-") + equals + value)
        elif found and re.fullmatch(r"--[\w-]+", found[-1]) and re.match(r"-\.?\d", argument):
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found
