"""Reading files of unknown origin: regular files only, and no more bytes than expected."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def read_regular_file(path: Path, limit: int) -> bytes:
    """The content of a file. Never waits for a pipe or reads an endless device.

    Args:
        path: the file, or a symbolic link to it.
        limit: the largest size in bytes that is read.

    Raises:
        OSError: the file is missing, cannot be read, is no regular file, or is larger than `limit`; `strerror` says so
            in a few words.
    """
    try:
        _check(path.stat(), limit)  # before opening, because to open a device can change it
        # A pipe that took the file's place since then would block without O_NONBLOCK.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            _check(status, limit)
            content = file.read(status.st_size + 1)
    except MemoryError as error:
        raise OSError(errno.ENOMEM, "does not fit into memory") from error
    except ValueError as error:  # a name with a null character, or that cannot be encoded
        raise OSError(errno.EINVAL, str(error)) from error
    if len(content) != status.st_size:
        raise OSError(errno.EINVAL, "changed while it was read")
    return content


def _check(status: os.stat_result, limit: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file")
    if status.st_size > limit:
        raise OSError(errno.EFBIG, f"has {status.st_size:,} bytes, more than {limit:,}")
