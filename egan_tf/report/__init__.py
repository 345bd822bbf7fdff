"""Reports: one self-contained HTML page that shows a run, and one that compares runs. Imports no TensorFlow.

The names load on first use, so that the command can say which packages are missing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from egan_tf.report.write import COMPARISON, write_comparison, write_report, write_report_or_warn

__all__ = ["COMPARISON", "write_comparison", "write_report", "write_report_or_warn"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("egan_tf.report.write"), name)
