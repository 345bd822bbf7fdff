"""Advisory locks on files and directories, which the system releases when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


class LockedError(RuntimeError):
    """Somebody else holds the lock."""


class LocksUnsupportedError(OSError):
    """The platform has no advisory locks, or the file system does not lock this path."""


@contextlib.contextmanager
def path_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Holds the exclusive lock of an existing file or directory inside the block.

    The lock belongs to one call: a second call on the same path, in the same process too, finds it taken.

    Args:
        path: the file or directory.
        wait: waits until the lock is free instead of raising `LockedError`.

    Raises:
        LockedError: somebody else holds the lock.
        LocksUnsupportedError: nothing can be locked there.
        OSError: `path` cannot be opened.
    """
    if fcntl is None:
        raise LocksUnsupportedError(errno.ENOTSUP, "no advisory locks on this platform", str(path))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockedError(str(path)) from error
        except OSError as error:
            raise LocksUnsupportedError(error.errno, error.strerror, str(path)) from error
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def directory_lock(directory: Path, wait: bool = False) -> Iterator[None]:
    """Reserves an existing directory for this process; where directories cannot be locked, goes on without a lock.

    Args:
        directory: the directory.
        wait: waits until the lock is free instead of raising `LockedError`.

    Raises:
        LockedError: another process holds the lock.
        OSError: the directory cannot be opened.
    """
    with contextlib.ExitStack() as lock:
        with contextlib.suppress(LocksUnsupportedError):
            lock.enter_context(path_lock(directory, wait))
        yield
