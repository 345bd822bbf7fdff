"""Reads the names in registries, such as `egan_tf.evolution.objectives:OBJECTIVES`, without importing TensorFlow."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Collection
from typing import Any


def names_in(registry: str) -> tuple[str, ...]:
    """The names in a registry, in its order; empty if they cannot be found.

    They are taken from the module if it has been imported. Otherwise its source is parsed, because importing it may
    load TensorFlow; the registry must be a dictionary or tuple literal.

    Args:
        registry: `module:NAME`.
    """
    module, _, name = registry.partition(":")
    if module in sys.modules:
        return tuple(getattr(sys.modules[module], name, ()))
    try:
        specification = importlib.util.find_spec(module)
        loader: Any = specification.loader if specification else None
        source = loader.get_source(module) if loader else None
    except ImportError:
        return ()
    for statement in ast.parse(source or "").body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return _constants(getattr(statement, "value", None))
    return ()


def load_registry(registry: str) -> Collection[str]:
    """Imports the module of a registry and returns the registry; empty if there is none.

    Args:
        registry: `module:NAME`.
    """
    module, _, name = registry.partition(":")
    try:
        return getattr(importlib.import_module(module), name, ())
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return ()


def resolve(reference: str) -> Any:
    """What a module of this package calls by a name, `module:NAME`; the module is imported."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def _constants(value: ast.expr | None) -> tuple[str, ...]:
    items = value.keys if isinstance(value, ast.Dict) else value.elts if isinstance(value, ast.Tuple) else []
    return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
