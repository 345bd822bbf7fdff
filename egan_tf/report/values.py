"""Values of JSON as people write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 6
_MOST_ITEMS = 100


def plain(value: Any, depth: int = 0) -> str:
    """A value of JSON in words; what is nested deeply or without end is cut."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if depth == _DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item, depth + 1) for item in value[:_MOST_ITEMS])
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {plain(item, depth + 1)}" for key, item in list(value.items())[:_MOST_ITEMS])
    if isinstance(value, float):
        return f"{value:g}"
    # Python refuses to write out whole numbers of thousands of digits.
    return "a number of many digits" if isinstance(value, int) and abs(value) >= 10**300 else str(value)
