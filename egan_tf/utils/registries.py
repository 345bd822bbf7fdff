"""Names in registries, such as `egan_tf.evolution.objectives:OBJECTIVES`, without importing what they name."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Collection
from typing import Any


def names_in(registry: str) -> tuple[str, ...]:
    """The names in a registry, in its order; none if the source does not show them.

    A module that is imported is asked. Otherwise its source is read, as importing it may load TensorFlow: the
    registry is a dictionary or tuple literal there.

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
    """The registry itself, its module imported; empty where there is none.

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


def _constants(value: ast.expr | None) -> tuple[str, ...]:
    items = value.keys if isinstance(value, ast.Dict) else value.elts if isinstance(value, ast.Tuple) else []
    return tuple(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))
