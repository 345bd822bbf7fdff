"""Advisory locks on files and directories. The system releases them when their process ends, also after a kill."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]


LOCK_FILE = ".lock"

_held: set[tuple[int, int, int]] = set()
"""Thread, device and inode of every lock that this process holds."""


class LockedError(RuntimeError):
    """Another process or call holds the lock."""


class LocksUnsupportedError(OSError):
    """The platform has no advisory locks, or the file system does not lock this path."""


@contextlib.contextmanager
def path_lock(path: Path, wait: bool = False) -> Iterator[None]:
    """Holds the exclusive lock of an existing file or directory inside the block.

    The lock belongs to one call: a second call on the same path fails, also in the same process.

    Args:
        path: the file or directory.
        wait: waits until the lock is free instead of raising `LockedError`.

    Raises:
        LockedError: another process or call holds the lock.
        LocksUnsupportedError: nothing can be locked there.
        OSError: `path` cannot be opened.
    """
    if fcntl is None:
        raise LocksUnsupportedError(errno.ENOSYS, "no advisory locks on this platform", str(path))
    descriptor = _opened(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockedError(str(path)) from error
        except OSError as error:
            raise LocksUnsupportedError(error.errno, error.strerror, str(path)) from error
        key = _key(os.fstat(descriptor))
        _held.add(key)
        try:
            yield
        finally:
            _held.discard(key)
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """A descriptor, for writing where possible: NFS locks no other."""
    if not path.is_dir():
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDWR)
    return os.open(path, os.O_RDONLY)


@contextlib.contextmanager
def directory_lock(directory: Path, wait: bool = False) -> Iterator[None]:
    """Locks an existing directory inside the block; where that cannot be, as on NFS, a file `.lock` in it.

    Where nothing can be locked the block continues without.

    Args:
        directory: the directory.
        wait: waits until the lock is free instead of raising `LockedError`. A thread that already holds the lock
            continues, because it would wait for itself: for example, a run that exports into its own folder.

    Raises:
        LockedError: another process or call holds the lock.
        OSError: the directory cannot be opened.
    """
    if wait and _key(directory.stat()) in _held:
        yield
        return
    with contextlib.ExitStack() as lock:
        try:
            lock.enter_context(path_lock(directory, wait))
        except LocksUnsupportedError:
            with contextlib.suppress(OSError):  # nor a file in it: a folder that is full, or may not be written
                lock.enter_context(_lock_file(directory, wait))
        yield


@contextlib.contextmanager
def _lock_file(directory: Path, wait: bool) -> Iterator[None]:
    if fcntl is None:
        raise LocksUnsupportedError(errno.ENOSYS, "no advisory locks on this platform", str(directory))
    file = directory / LOCK_FILE
    file.touch()
    with path_lock(file, wait):
        yield


def _key(status: os.stat_result) -> tuple[int, int, int]:
    return threading.get_ident(), status.st_dev, status.st_ino
