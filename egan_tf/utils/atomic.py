"""Files that appear whole or not at all, and folders that one process holds at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is locked there, and what a killed process left is not swept
    fcntl = None  # type: ignore[assignment]

PARTIAL = ".partial"


def atomic_write(path: Path, content: str | bytes) -> None:
    """Writes a file beside its place, and moves it there when it is on the disk: nobody ever sees half of it.

    Raises:
        OSError: it cannot be written; what was at `path` is still there.
    """
    beside = _beside(path)
    try:
        with beside.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yields a new folder that gets the name `path` when the block ends without an error, and goes away otherwise.

    Raises:
        OSError: it cannot be made, or `path` exists and is not empty.
    """
    beside = _beside(path)
    try:
        beside.mkdir()
        yield beside
        to_disk(beside)
        beside.rename(path)
        to_disk(path.parent, deep=False)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def to_disk(folder: Path, deep: bool = True) -> None:
    """Waits until the folder is on the disk, and with `deep` all that is in it: a power cut then loses none of it."""
    if os.name != "posix":
        return
    for path in [*(folder.rglob("*") if deep else ()), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sweep(folder: Path) -> None:
    """Removes what killed processes left half written in a folder that nobody else writes to now."""
    for path in folder.glob(f".*{PARTIAL}"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                path.unlink()


class LockedError(RuntimeError):
    """Another process holds the folder."""


@contextlib.contextmanager
def directory_lock(folder: Path, wait: bool = False) -> Iterator[None]:
    """Holds a folder for this process; the system frees it when the process ends, however it ends.

    Args:
        folder: it must be there.
        wait: for another process that holds it, instead of raising an error.

    Raises:
        LockedError: another process holds it.
        OSError: the folder cannot be opened.
    """
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockedError(str(folder)) from error
        except OSError:
            pass  # Some network file systems lock no directories.
        yield
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
