"""What the metrics ask of the arrays that they are given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from egan_tf.utils.checks import require

BLOCK = 1024
"""Rows that are compared with as many rows at once: what bounds the memory of the pairwise metrics."""

ROUNDING = 1e-13
"""What float64 leaves of ‖x‖² + ‖y‖² − 2 x·y for equal x and y, relative to the first two terms."""


def rows(field: str, values: Any, minimum: int = 1) -> np.ndarray:
    """Returns `values` as an array of finite numbers [n, d].

    Args:
        field: what an error calls it.
        values: [n, d].
        minimum: the least n.

    Raises:
        InputError: another shape, fewer rows, or numbers that are not finite.
    """
    values = np.asarray(values)
    numeric = np.issubdtype(values.dtype, np.floating) or np.issubdtype(values.dtype, np.integer)
    require(numeric, field, f"must be real numbers, got {values.dtype}")
    planar = values.ndim == 2 and values.shape[1] > 0
    require(planar, field, f"must be [n, d], got {list(values.shape)}")
    require(len(values) >= minimum, field, f"must be at least {minimum} rows, got {len(values)}")
    finite = all(np.isfinite(values[start : start + BLOCK]).all() for start in range(0, len(values), BLOCK))
    require(finite, field, "must be finite numbers")
    return values


def filled(count: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Returns parts [n, d], n adding up to `count`, as one array, at no time holding them twice."""
    whole, start = np.empty(0), 0
    for part in parts:
        if start == 0:
            whole = np.empty((count, *part.shape[1:]), part.dtype)
        whole[start : start + len(part)] = part
        start += len(part)
    return whole


def pair(first: Any, second: Any, minimum: int = 1, fields: tuple[str, str] = ("real", "fake")) -> tuple[Any, Any]:
    """Returns both as `rows` of the same width, or raises InputError."""
    first, second = rows(fields[0], first, minimum), rows(fields[1], second, minimum)
    widths = (first.shape[1], second.shape[1])
    require(widths[0] == widths[1], fields[1], f"must be as wide as {fields[0]}, {widths[0]}, got {widths[1]}")
    return first, second


def blocks(values: np.ndarray, size: int = BLOCK) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the rows of `values` in float64, `size` at a time, each with the slice that it was."""
    for start in range(0, len(values), size):
        part = slice(start, min(start + size, len(values)))
        yield part, values[part].astype(np.float64)


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the squared Euclidean distances between float64 rows [n, d] and [m, d], float64 [n, m].

    What rounding leaves of the distance between equal rows is set to 0.
    """
    norms = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    squared = first @ second.T
    squared *= -2.0
    squared += norms
    norms *= ROUNDING
    np.copyto(squared, 0.0, where=squared <= norms)
    return squared
