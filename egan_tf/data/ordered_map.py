"""Applies a function to many items in threads, in their order, with few of them in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from egan_tf.utils.side_by_side import side_by_side

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_WORKERS = 8
BLOCK = 16
"""Items in a task, so that its overhead is small."""


def worker_count() -> int:
    """As many threads as processors that this process may use, at most 8."""
    try:
        available = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        available = os.cpu_count() or 1
    return min(MAX_WORKERS, available)


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yields `function(item)` in the order of `items`; these are read in the calling thread, a few blocks ahead."""
    return side_by_side(function, items, worker_count(), BLOCK)
