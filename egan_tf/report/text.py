"""Numbers and JSON values as text for a reader."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

MAX_TEXT = 2000
MAX_DESCRIPTION = 20_000
MAX_DEPTH = 6
MAX_ITEMS = 100
# Characters that an HTML document must not hold: controls, lone surrogates, noncharacters.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str, most: int = MAX_TEXT) -> str:
    """`text` cut to `most` characters, with U+FFFD for characters that HTML forbids. Does not escape."""
    return _FORBIDDEN.sub("\ufffd", text if len(text) <= most else text[:most] + "…")


def format_number(value: float) -> str:
    """Four significant digits; whole numbers in full with thousands separators."""
    if not math.isfinite(value):
        return "not finite"
    whole = abs(value) < 1e12 and (value == round(value) or abs(value) >= 10_000)
    return (f"{round(value):,}" if whole else f"{value:.4g}").replace("-", "−")


def format_share(share: float) -> str:
    """A fraction as a percentage."""
    return f"{100 * share:.1f} %"


def format_duration(seconds: float) -> str:
    """Less than a minute, or more than 30,000 years, in seconds; otherwise days and h:mm:ss."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds:.4g} s" if seconds > 1e12 else str(timedelta(seconds=round(seconds)))


def format_json(value: Any, depth: int = 0) -> str:
    """A JSON value in words; long lists and deep nesting are cut."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if depth == MAX_DEPTH:
        return "…"
    if isinstance(value, list):
        return ", ".join(format_json(item, depth + 1) for item in value[:MAX_ITEMS])
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return ", ".join(f"{key} {format_json(item, depth + 1)}" for key, item in items)
    if isinstance(value, float):
        return f"{value:g}"
    # Python refuses to print integers of thousands of digits.
    return "a number of many digits" if isinstance(value, int) and abs(value) >= 10**300 else str(value)


def words(name: str) -> str:
    """A field's name with spaces and an initial capital."""
    spaced = name.replace("_", " ")
    return spaced[:1].upper() + spaced[1:]
