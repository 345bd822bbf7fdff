"""Reading files of unknown origin: regular files only, and no more bytes than expected."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


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
        with open_regular_file(path, limit) as file:
            status = os.fstat(file.fileno())
            content = file.read(status.st_size + 1)
    except MemoryError as error:
        raise OSError(errno.ENOMEM, "does not fit into memory") from error
    except ValueError as error:  # a name with a null character, or that cannot be encoded
        raise OSError(errno.EINVAL, str(error)) from error
    if len(content) != status.st_size:
        raise OSError(errno.EINVAL, "changed while it was read")
    return content


def open_regular_file(path: Path, limit: int | None = None) -> BinaryIO:
    """Opens a file for reading. Never waits for a pipe or opens a device.

    Args:
        path: the file, or a symbolic link to it.
        limit: the largest size in bytes that is accepted; None for any.

    Raises:
        OSError: the file is missing, cannot be read, is no regular file, or is larger than `limit`; `strerror` says so
            in a few words.
        ValueError: the name has a null character, or cannot be encoded.
    """
    _check(path.stat(), limit)  # before opening, because to open a device can change it
    # A pipe that took the file's place since then would block without O_NONBLOCK.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = os.fdopen(os.open(path, flags), "rb")
    try:
        _check(os.fstat(file.fileno()), limit)
    except OSError:
        file.close()
        raise
    return file


def _check(status: os.stat_result, limit: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file")
    if limit is not None and status.st_size > limit:
        raise OSError(errno.EFBIG, f"has {status.st_size:,} bytes, more than {limit:,}")
