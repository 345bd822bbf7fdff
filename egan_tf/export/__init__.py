"""Exports trained generators in several formats with a model card; each is loaded again and compared first.

The names load on first use, so that importing this package imports no TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan_tf.utils.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES, needs_keras=_HOMES.values())
