"""Exports trained generators in several formats with a model card; each is loaded again and compared first.

The names load on first use, so that importing this package imports no TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from egan_tf.export.exporter import export_generator
    from egan_tf.export.formats import FORMATS, Format
    from egan_tf.export.verify import ExportMismatchError

_HOMES = {
    "ExportMismatchError": "verify",
    "FORMATS": "formats",
    "Format": "formats",
    "export_generator": "exporter",
}

__all__ = ["FORMATS", "ExportMismatchError", "Format", "export_generator"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
