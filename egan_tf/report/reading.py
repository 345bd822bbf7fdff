"""Bounded reading of files and values that may be damaged, huge or hostile."""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from egan_tf.utils.json_lines import LineError, iterate_records

MAX_JSON = 1 << 20
MAX_IMAGE = 4 << 20
"""Bytes of a PNG as it is; a larger one is embedded smaller."""
MAX_FILE = 64 << 20
MAX_PIXELS = 4096 * 4096

Parsed = TypeVar("Parsed")


def read_json_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a small file; None if there is no such file, or it holds anything else."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_JSON:
            return None
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def parse_lines(
    path: Path, parse: Callable[[dict[str, Any]], Parsed | None], limit: int, problems: list[str]
) -> Iterator[Parsed]:
    """Yields the parsed records of a JSONL file, at most `limit`; a missing file counts as empty.

    Records for which `parse` returns None are counted; `problems` receives a sentence for each kind of damage.
    """
    found = invalid = 0
    for record in iterate_records(path):
        if found == limit:
            problems.append(f"Only the first {limit:,} records of {path.name} are shown")
            break
        value = None if isinstance(record, LineError) else parse(record)
        if value is not None:
            found += 1
            yield value
        elif isinstance(record, LineError) and record is not LineError.INVALID:
            problems.append(record.value.format(path.name))
        else:
            invalid += 1
    if invalid:
        problems.append(f"Lines of {path.name} without a usable record: {invalid:,}")


def read_png(path: Path) -> tuple[str, int, int] | None:
    """A PNG as a data: URI, its width and its height; None if it is missing, damaged, too large or another format.

    A file of more than `MAX_IMAGE` bytes is made smaller by whole factors until it is not.
    """
    import PIL.Image

    try:
        if not path.is_file() or path.stat().st_size > MAX_FILE:
            return None
        content = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(io.BytesIO(content), formats=("PNG",)) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    return None
                # `verify` alone accepts a file that ends too early.
                image.load()
                factor = 1
                while len(content) > MAX_IMAGE:
                    factor += 1
                    smaller = io.BytesIO()
                    image.reduce(factor).save(smaller, "PNG")
                    content = smaller.getvalue()
                    width, height = -(-image.width // factor), -(-image.height // factor)
    except Exception:  # decoders of damaged content raise whatever they meet
        return None
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii"), width, height
