"""Applies a function to many items in several threads, in their order, with few of them in memory.

Where no thread can be had, at the end of the interpreter and at the limits of the machine, the calling thread does the
work; a process that was forked meanwhile begins threads anew.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Task(Generic[Item, Result]):
    """Some items, whose results are computed once, by the thread that comes first.

    Attributes:
        taken: a thread will compute them.
        results: in the order of the items; those before the one that failed, if one did.
        error: what the function raised, or None.
    """

    def __init__(self, function: Callable[[Item], Result], items: list[Item]) -> None:
        self._function, self._items = function, items
        self._claim, self._done = threading.Lock(), threading.Event()
        self.taken = False
        self.results: list[Result] = []
        self.error: Exception | None = None

    def run(self) -> None:
        """Computes the results, unless a thread does or did."""
        if not self._claim.acquire(blocking=False):
            return
        try:
            for item in self._items:
                self.results.append(self._function(item))
        except Exception as error:
            self.error = error
        finally:
            self._done.set()

    def finish(self) -> None:
        """Waits until the results are there."""
        if not self.taken:
            self.run()
        self._done.wait()

    def again(self) -> _Task[Item, Result]:
        """The same items, not begun: the locks of a task may be held for ever in a forked process."""
        return _Task(self._function, self._items)


class _Threads:
    """Threads of the process that made them; fewer, or none, where there are no more."""

    def __init__(self, count: int) -> None:
        self._pool, self._process = ThreadPoolExecutor(count), os.getpid()

    @property
    def are_here(self) -> bool:
        """Whether this is their process, and no fork of it."""
        return self._process == os.getpid()

    def take(self, task: _Task[Item, Result]) -> None:
        """Lets a thread run the task, if there is one."""
        with contextlib.suppress(RuntimeError):
            self._pool.submit(task.run)
            task.taken = True

    def stop(self) -> None:
        """Ends the threads, after the tasks that they are at."""
        # A generator that is collected in one of them cannot wait for that one.
        with contextlib.suppress(RuntimeError):
            self._pool.shutdown(wait=self.are_here, cancel_futures=True)


def side_by_side(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int, block: int = 1
) -> Generator[Result]:
    """Yields `function(item)` in the order of `items`.

    Args:
        function: called in other threads; what it raises is raised here, after the results before.
        items: any number of them; they are read in the calling thread, at most `threads + 1` tasks ahead.
        threads: that call the function at once.
        block: items of a task.
    """
    items, pending = iter(items), deque[_Task[Item, Result]]()
    workers = _Threads(threads)
    try:
        while True:
            if not workers.are_here:
                workers, pending = _Threads(threads), deque(task.again() for task in pending)
                for task in pending:
                    workers.take(task)
            while len(pending) <= threads and (some := list(itertools.islice(items, block))):
                pending.append(_Task(function, some))
                workers.take(pending[-1])
            if not pending:
                return
            head = pending.popleft()
            head.finish()
            yield from head.results
            if head.error is not None:
                raise head.error
    finally:
        workers.stop()
