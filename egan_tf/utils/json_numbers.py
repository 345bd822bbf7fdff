"""Numbers in untrusted JSON, whose integers have any size."""

from __future__ import annotations

import math
from typing import Any

MAX_NUMBER, MIN_NUMBER = 1e100, 1e-100
"""So far from the limits of floats that sums and squares stay finite."""


def whole_number(value: Any) -> int | None:
    """`value` if it is an integer in [0, 2**53); else None."""
    valid = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if valid else None


def real_number(value: Any) -> float | None:
    """`value` as a float; NaN for null and non-finite numbers, None for other types and beyond `MAX_NUMBER`."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return math.nan
    if abs(value) > MAX_NUMBER:
        return None
    return float(value) if abs(value) > MIN_NUMBER else 0.0
