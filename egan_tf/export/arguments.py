"""Checks the arguments of `export_generator`, before any work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.export.formats import FORMATS
from egan_tf.sampling.calls import check_rows
from egan_tf.utils.checks import InputError, format_value, number, one_of, require

_NO_LISTS = (str, bytes, bytearray, Set, Mapping)
"""Python iterates over them, but they are no list of values in an order."""


def check_directory(directory: Any) -> Path:
    """The directory as a path; raises `InputError` unless it is a path as text."""
    text = os.fspath(directory) if isinstance(directory, os.PathLike) else directory
    require(isinstance(text, str), "directory", f"must be a path, got {format_value(directory)}")
    return Path(text)


def check_utf8(directory: Path, *texts: str) -> None:
    """Raises `InputError` unless the card can hold texts that are parts of the directory's path."""
    try:
        "".join(texts).encode("utf-8")
    except UnicodeEncodeError as error:
        problem = f"{format_value(str(directory))} cannot be written in a card, whose text is UTF-8; take another name"
        raise InputError("name", problem) from error


def check_formats(formats: Any) -> list[str]:
    """The names of formats without repetitions; raises `InputError` unless they are in `FORMATS`."""
    given = _listed("formats", formats, f"a list of names, such as {list(FORMATS)}")
    names = list(dict.fromkeys(str(one_of("formats", name, FORMATS)) for name in given))
    require(bool(names), "formats", f"must name at least one of {', '.join(FORMATS)}")
    return names


def check_class_names(names: Any) -> tuple[str, ...]:
    """The names of classes; raises `InputError` unless they are texts in an order, such as a list or an array."""
    given = _listed("class_names", names, "a list of names, one per label")
    texts = all(isinstance(name, str) for name in given)
    require(texts, "class_names", f"must be texts, got {format_value(names)}")
    return tuple(map(str, given))


def check_value_range(bounds: Any) -> tuple[float, float] | None:
    """The lowest and the highest value, or None; raises `InputError` unless they are two numbers in this order."""
    if bounds is None:
        return None
    given = _listed("value_range", bounds, "two numbers, such as (-1, 1)")
    require(len(given) == 2, "value_range", f"must be two numbers, such as (-1, 1), got {format_value(bounds)}")
    low, high = (number("value_range", bound) for bound in given)
    require(low < high, "value_range", f"must go from low to high, got {format_value(bounds)}")
    problem = f"has fewer than 256 levels in float32, in which samples are computed, got {format_value(bounds)}"
    require(_has_levels(low, high), "value_range", problem)
    return low, high


def _has_levels(low: float, high: float) -> bool:
    """Whether float32 tells apart 256 values between two bounds, and holds their scale."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        width, scale = np.float32(high - low), np.float32(255 / (high - low))
        held = np.isfinite(width) and np.isfinite(scale) and scale > 0
        return bool(held and 1 / scale >= np.spacing(np.float32(max(abs(low), abs(high)))))


def check_rows_per_call(rows: Any, formats: Sequence[str]) -> int | None:
    """The rows of a call; None if they shall be measured.

    Args:
        rows: as given.
        formats: names in `FORMATS`.

    Raises:
        InputError: it is no number of rows, or no format states it.
    """
    if rows is None:
        return None
    checked, able = check_rows(rows), [name for name in FORMATS if states_rows([name])]
    problem = f"has no effect on {', '.join(formats)}; leave it out, or add one of {', '.join(able)} to formats"
    require(states_rows(formats), "rows_per_call", problem)
    return checked


def states_rows(formats: Sequence[str]) -> bool:
    """Whether an export in these formats states the rows of a call."""
    return any(FORMATS[name].opened_by_sampler for name in formats)


def _listed(field: str, values: Any, valid: str) -> list[Any]:
    """Values in their order.

    Args:
        field: the name of the argument.
        values: as given.
        valid: what they must be, in a phrase.
    """
    try:
        listed = None if isinstance(values, _NO_LISTS) else list(values)
    except TypeError:
        listed = None
    if listed is None:
        raise InputError(field, f"must be {valid}, got {format_value(values)}")
    return listed
