"""Names of a package that load on first use, so that importing the package imports little."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Mapping
from typing import Any

from egan_tf.utils.keras_settings import check_backend


def lazy_names(
    package: str, homes: Mapping[str, str], needs_keras: Container[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__` (PEP 562).

    Args:
        package: its full name, `__name__` in its `__init__.py`.
        homes: by public name, the module below the package that defines it.
        needs_keras: the modules that import Keras; its backend is checked before.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        if homes[name] in needs_keras:
            check_backend()
        return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)

    return load, lambda: sorted(homes)
