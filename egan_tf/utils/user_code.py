"""Imports the user's functions, named `module:function`.

Importing a module runs its code. Therefore a name is imported only if it was typed on the command line, or if it comes
from a file (a configuration, a card or a run) that the user trusts explicitly. What was imported is recorded with the
SHA-256 of its source.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import InputError, one_of
from egan_tf.utils.reference import is_reference
from egan_tf.utils.registries import names_in
from egan_tf.utils.settings import Setting, Settings, sections_of, settings_of


@dataclass(frozen=True)
class UserCode:
    """Imported functions.

    Attributes:
        functions: by `module:function`.
        sha256: of the module's source file, hexadecimal, by `module:function`.
    """

    functions: Mapping[str, Any] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    def resolved(self, group: Settings) -> Settings:
        """The settings with functions in place of their names.

        Raises:
            InputError: a function was not imported.
        """
        changes: dict[str, Any] = {}
        for declared, reference in references_in(group):
            if reference not in self.functions:
                raise untrusted(declared.name, reference)
            value = getattr(group, declared.name)
            if isinstance(value, tuple):
                value = tuple(self.functions.get(item, item) if isinstance(item, str) else item for item in value)
            else:
                value = self.functions[reference]
            changes[declared.name] = value
        return group.replace(**changes)


def references_in(config: Settings) -> list[tuple[Setting, str]]:
    """The settings that hold a `module:function` instead of a registered name, each with that reference.

    Args:
        config: a group of settings; groups inside it are searched too.
    """
    found = []
    for name, declared in settings_of(type(config)).items():
        value = getattr(config, name) if declared.registry else ()
        items = value if isinstance(value, tuple) else (value,)
        found += [(declared, item) for item in items if is_reference(item) and not _is_registered(item, declared)]
    for section in sections_of(type(config)):
        found += references_in(getattr(config, section))
    return found


def _is_registered(item: str, declared: Setting) -> bool:
    """Whether a registered name stands before the colon, as in `folder:cats`."""
    return item.partition(":")[0] in names_in(declared.registry)


def check_registered(value: Any, declared: Setting, choices: Collection[str]) -> None:
    """Refuses names that are not registered; parameters of names are checked when they are resolved.

    Args:
        value: of the setting, a name or a sequence of names.
        declared: the setting.
        choices: the registered names; if there are none, the default is the only name.

    Raises:
        InputError: a name is neither registered nor, where functions are accepted, a `module:function`.
    """
    choices = choices or _sequence(declared.default)
    for item in _sequence(value):
        if isinstance(item, str):
            name = re.split("[(:]", item, maxsplit=1)[0] if declared.functions else item
            if name in choices or not (declared.functions and is_reference(item)):
                one_of(declared.name, name, choices)


def _sequence(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def untrusted(name: str, reference: str, can_type: bool = True) -> InputError:
    """The error for code that a file names and that is not trusted.

    Args:
        name: of the setting.
        reference: `module:function`.
        can_type: whether the command has a flag for the setting.
    """
    typed = f"type --{name.replace('_', '-')} again, or " if can_type else ""
    return InputError(
        name, f"{reference!r} names code to import, and comes from a file; {typed}trust the file with --trust-code"
    )


def import_code(references: Iterable[tuple[Setting, str]]) -> UserCode:
    """Imports functions, also from modules in the current folder.

    Args:
        references: settings, each with its `module:function`. Settings that take no functions are skipped; the lookup
            in their registry refuses such a name.

    Raises:
        InputError: an import fails; the message names the setting.
    """
    functions: dict[str, Any] = {}
    sha256: dict[str, str] = {}
    for declared, reference in references:
        if declared.functions:
            functions[reference], sha256[reference] = _import(declared.name, reference)
    return UserCode(functions, sha256)


def _import(name: str, reference: str) -> tuple[Any, str]:
    module_name, _, path = reference.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # the user's module may raise anything
        raise InputError(name, f"cannot import {module_name}: {type(error).__name__}: {error}") from error
    found: Any = module
    try:
        for part in path.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        raise InputError(name, f"{module_name} has no function {path}") from error
    if not callable(found):
        raise InputError(name, f"{reference} is no function")
    try:
        return found, sha256_of(Path(module.__file__ or ""))
    except (OSError, AttributeError) as error:
        raise InputError(name, f"{module_name} has no source file that could be recorded") from error
