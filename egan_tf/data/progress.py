"""Shows how far long work is: a bar on a terminal, a line now and then elsewhere; nothing for work of seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from egan_tf.utils.log_line import log_line

Item = TypeVar("Item")

QUIET_SECONDS = 3.0
LINE_SECONDS = 30.0


def with_progress(items: Iterable[Item], total: int, text: str) -> Iterator[Item]:
    """Yields the items and shows their number on stderr.

    Args:
        items: any number of items.
        total: how many there are.
        text: says what is done with them.
    """
    if _has_bar():
        from tqdm.auto import tqdm

        yield from tqdm(items, text, total, leave=False, file=sys.stderr, dynamic_ncols=True, delay=QUIET_SECONDS)
        return
    shown = time.monotonic() + QUIET_SECONDS - LINE_SECONDS
    for done, item in enumerate(items):
        if time.monotonic() - shown > LINE_SECONDS:
            shown = time.monotonic()
            log_line(f"{text}: {done:,} of {total:,}")
        yield item


def _has_bar() -> bool:
    if sys.stderr is None or not sys.stderr.isatty():
        return False
    try:
        import tqdm.auto  # noqa: F401
    except ImportError:
        return False
    return True
