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


def processors() -> int:
    """The number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def worker_count() -> int:
    """As many threads as processors that this process may use, at most 8."""
    return min(MAX_WORKERS, processors())


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None, block: int = BLOCK
) -> Iterator[Result]:
    """Yields `function(item)` in the order of `items`; these are read in the calling thread, a few blocks ahead.

    Args:
        function: called in threads; what it raises is raised here, in order.
        items: any number of them.
        workers: threads; None for `worker_count()`.
        block: items of a task.
    """
    workers, items = workers or worker_count(), iter(items)
    pending: deque[Future[list[Result]]] = deque()
    pool = ThreadPoolExecutor(workers)

    def run(some: list[Item]) -> list[Result]:
        return [function(item) for item in some]

    try:
        while some := list(itertools.islice(items, block)):
            pending.append(pool.submit(run, some))
            if len(pending) > 2 * workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
