"""Files of a run, which may be damaged, huge or something else: what can be read of them, in bounded memory."""

from __future__ import annotations

import base64
import enum
import io
import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_JSON = 1 << 20
MAX_LINE = 1 << 20
MAX_LINES = 256 << 20
MAX_IMAGE = 4 << 20
MAX_PIXELS = 4096 * 4096
_LARGEST_NUMBER, _SMALLEST_NUMBER = 1e100, 1e-100


class Damage(enum.Enum):
    """What can be wrong with a line of a JSONL file."""

    UNREADABLE = "unreadable"
    CUT_OFF = "cut off"
    BEYOND = "beyond the size that is read"


def read_json_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a small file; None if there is no such file, or it holds anything else."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_JSON:
            return None
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def json_lines(path: Path) -> Iterator[dict[str, Any] | Damage]:
    """The objects of a JSONL file one by one, and in place of a line that holds none, what is wrong with it.

    At most `MAX_LINES` bytes are read; no file is an empty one.

    Raises:
        OSError: if it cannot be read.
    """
    if not path.is_file():
        return
    left, goes_on = MAX_LINES, False
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE):
            left -= len(line)
            if left < 0:
                yield Damage.BEYOND
                return
            if goes_on:
                goes_on = _is_part(line)
            elif _is_part(line):
                goes_on = True
                yield Damage.UNREADABLE
            elif line.strip():
                yield _object(line)


def _is_part(line: bytes) -> bool:
    """Whether a line was too long to be read at once, and goes on."""
    return len(line) == MAX_LINE and not line.endswith(b"\n")


def _object(line: bytes) -> dict[str, Any] | Damage:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return Damage.UNREADABLE if line.endswith(b"\n") else Damage.CUT_OFF
    return value if isinstance(value, dict) else Damage.UNREADABLE


def whole_number(value: Any) -> int | None:
    """`value` if it is a whole number from 0 that a file may mean as a count; else None."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    return None


def real_number(value: Any) -> float | None:
    """`value` as a float; NaN for null and whatever is not finite, None if it is no number or beyond drawing."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return math.nan
    if abs(value) > _LARGEST_NUMBER:
        return None
    return float(value) if abs(value) > _SMALLEST_NUMBER else 0.0


def read_png(path: Path) -> tuple[str, int, int] | None:
    """A PNG as a data: URI, with its width and height; None if it is none, is damaged, or is too large."""
    import PIL.Image

    try:
        if not path.is_file() or path.stat().st_size > MAX_IMAGE:
            return None
        content = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    return None
                # `verify` alone takes a file that ends too early.
                image.load()
    except (OSError, ValueError, SyntaxError, EOFError, PIL.Image.DecompressionBombError):
        return None
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii"), width, height
