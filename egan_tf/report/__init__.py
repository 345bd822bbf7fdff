"""Reports: one self-contained HTML page that shows a run, and one that compares runs. Imports no TensorFlow.

The names load on first use, so that the command can say which packages are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan_tf.utils.lazy import lazy_names

if TYPE_CHECKING:
    from egan_tf.report.write import (
        COMPARISON,
        compare_runs,
        write_comparison,
        write_report,
        write_report_or_warn,
    )

__all__ = ["COMPARISON", "compare_runs", "write_comparison", "write_report", "write_report_or_warn"]

__getattr__, __dir__ = lazy_names(__name__, dict.fromkeys(__all__, "write"))
