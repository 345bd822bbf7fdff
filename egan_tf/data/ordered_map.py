"""Applies a function to many items in threads, in their order, with few of them in memory."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

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
    workers, items = worker_count(), iter(items)
    pending: deque[Future[list[Result]]] = deque()
    pool = ThreadPoolExecutor(workers)

    def run(block: list[Item]) -> list[Result]:
        return [function(item) for item in block]

    try:
        while block := list(itertools.islice(items, BLOCK)):
            pending.append(pool.submit(run, block))
            if len(pending) > 2 * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
