"""Checks of feature arrays, and pairwise distances block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from egan_tf.utils.checks import require

BLOCK_ROWS = 1024
"""Rows compared with as many rows at once; bounds the memory of the pairwise metrics."""

ROUNDING_ERROR = 1e-13
"""Bound of the float64 rounding error of ‖x‖² + ‖y‖² − 2 x·y for equal x and y, relative to the first two terms."""


def check_rows(field: str, values: Any, minimum: int = 1) -> np.ndarray:
    """Returns `values` as an array [n, d] of finite numbers.

    Args:
        field: the name in error messages.
        values: [n, d].
        minimum: the smallest allowed n.

    Raises:
        InputError: another shape, fewer rows, or numbers that are not finite.
    """
    values = np.asarray(values)
    numeric = np.issubdtype(values.dtype, np.floating) or np.issubdtype(values.dtype, np.integer)
    require(numeric, field, f"must be real numbers, got {values.dtype}")
    valid = values.ndim == 2 and values.shape[1] > 0
    require(valid, field, f"must be [n, d], got {list(values.shape)}")
    require(len(values) >= minimum, field, f"must be at least {minimum} rows, got {len(values)}")
    finite = all(np.isfinite(values[start : start + BLOCK_ROWS]).all() for start in range(0, len(values), BLOCK_ROWS))
    require(finite, field, "must be finite numbers")
    return values


def check_pair(
    first: Any, second: Any, minimum: int = 1, fields: tuple[str, str] = ("real", "fake")
) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as `check_rows` does; raises `InputError` also if their widths differ."""
    first, second = check_rows(fields[0], first, minimum), check_rows(fields[1], second, minimum)
    widths = (first.shape[1], second.shape[1])
    require(widths[0] == widths[1], fields[1], f"must be as wide as {fields[0]}, {widths[0]}, got {widths[1]}")
    return first, second


def concatenate(count: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Concatenates parts [n, d] with `count` rows in all, without holding them twice as `np.concatenate` does."""
    whole, start = np.empty(0), 0
    for part in parts:
        if start == 0:
            whole = np.empty((count, *part.shape[1:]), part.dtype)
        whole[start : start + len(part)] = part
        start += len(part)
    return whole


def row_blocks(values: np.ndarray, size: int = BLOCK_ROWS) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the rows of `values` in float64, `size` at a time, each with its slice."""
    for start in range(0, len(values), size):
        rows = slice(start, min(start + size, len(values)))
        yield rows, values[rows].astype(np.float64)


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances between float64 rows [n, d] and [m, d], float64 [n, m].

    The rounding error of the distance between equal rows is set to 0.
    """
    norms = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    squared = first @ second.T
    squared *= -2.0
    squared += norms
    norms *= ROUNDING_ERROR
    np.copyto(squared, 0.0, where=squared <= norms)
    return squared
