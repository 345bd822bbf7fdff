"""Files and directories that appear complete or not at all.

Each is written under a temporary name beside its final one, flushed to disk, and renamed. Temporary names are
`.NAME.HEX.partial` for new content and `.NAME.HEX.replaced` for a directory that is being replaced. The
writer holds a lock on its temporary path, so that `remove_leftovers` can recognize the files of a killed one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from egan_tf.utils.locks import LockedError, LocksUnsupportedError, directory_lock, path_lock

PARTIAL, REPLACED = "partial", "replaced"
_TEMPORARY = re.compile(rf"\.(?P<name>.+)\.[0-9a-f]{{8}}\.(?P<kind>{PARTIAL}|{REPLACED})", re.DOTALL)


@contextlib.contextmanager
def atomic_file(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Yields a new binary file that becomes `path` when the block ends without an error, and is removed otherwise.

    Content can be written piece by piece, so that a large array needs no second copy in memory.

    Args:
        path: the final path.
        overwrite: replaces an earlier file. Without it, also a file that appears during the block is kept.

    Raises:
        OSError: the file cannot be written; an earlier file at `path` is unchanged.
    """
    with _partial(path, lambda partial: partial.touch(exist_ok=False)) as partial:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            partial.replace(path)
        else:
            _rename_to_new(partial, path)


def atomic_write(path: Path, content: str | bytes) -> None:
    """Writes a file that appears complete or not at all; text is encoded as UTF-8.

    Raises:
        OSError: the file cannot be written; an earlier file at `path` is unchanged.
    """
    with atomic_file(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextlib.contextmanager
def atomic_directory(path: Path, check: Callable[[], None] | None = None) -> Iterator[Path]:
    """Yields a new directory that becomes `path` when the block ends without an error, and is removed otherwise.

    Without `check`, an existing directory is never replaced unless it is empty. With `check`, it is moved aside,
    replaced and then removed. Between the two renames a reader may find neither; a process killed there leaves the
    old directory under its temporary name, and the next `remove_leftovers` moves it back.

    Args:
        path: the final path.
        check: raises if `path` must not be replaced. Called before and after the block, while the parent directory
            is locked against other writers that use `check`. Leftovers of `path` are removed before the first call.

    Raises:
        OSError: the directory cannot be made, or `path` may not be replaced.
    """
    if check is not None:
        with directory_lock(path.parent, wait=True):
            remove_leftovers(path.parent, path.name)
            check()
    with _partial(path, Path.mkdir) as partial:
        yield partial
        fsync_tree(partial)
        if check is None:
            partial.rename(path)
        else:
            with directory_lock(path.parent, wait=True):
                check()
                _replace_directory(partial, path)
        fsync_path(path.parent)


def remove_leftovers(directory: Path, name: str | None = None) -> None:
    """Clears up after killed writers: removes unfinished content, and moves back directories that were being replaced.

    Call it only while no other process replaces directories in `directory`. Without locks unfinished content stays,
    because its writer may still run.

    Args:
        directory: where the leftovers are; it need not exist.
        name: only leftovers of this final name.

    Raises:
        OSError: a directory cannot be moved back.
    """
    try:
        found = sorted(directory.iterdir())
    except OSError:
        return
    for path in found:
        match = _TEMPORARY.fullmatch(path.name)
        if match is None or name not in (None, match["name"]):
            continue
        final = directory / match["name"]
        if match["kind"] == PARTIAL:
            with contextlib.suppress(OSError, LockedError), path_lock(path):
                _remove(path)
        elif final.exists():
            _remove(path)
        else:
            path.rename(final)


def fsync_path(path: Path) -> None:
    """Flushes a file's content, or a directory's entries, to the disk."""
    if os.name != "posix":  # other systems cannot open directories
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fsync_tree(directory: Path) -> None:
    """Flushes a directory and everything in it to the disk."""
    for path in [*directory.rglob("*"), directory]:
        fsync_path(path)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def _partial(path: Path, make: Callable[[Path], object]) -> Iterator[Path]:
    """Makes a locked temporary path beside `path`; removes it if the block raises."""
    while True:
        partial = _temporary(path, PARTIAL)
        with contextlib.ExitStack() as lock:
            try:
                make(partial)
                with contextlib.suppress(LocksUnsupportedError, FileNotFoundError):
                    lock.enter_context(path_lock(partial, wait=True))
                # Another process may have called `remove_leftovers` before the path was locked.
                if partial.exists():
                    yield partial
                    return
            except BaseException:
                _remove(partial)
                raise


def _rename_to_new(partial: Path, path: Path) -> None:
    """Renames a file; raises `FileExistsError` if there is another one of the new name."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: a file that appears after the check is replaced
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        partial.replace(path)
    else:
        partial.unlink()


def _temporary(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{kind}")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _replace_directory(partial: Path, final: Path) -> None:
    if not final.exists():
        partial.rename(final)
        return
    replaced = _temporary(final, REPLACED)
    try:
        final.rename(replaced)
        partial.rename(final)
    except BaseException:  # an interrupt may come after a rename that is done
        if replaced.exists():
            if final.exists():
                final.rename(partial)
            replaced.rename(final)
        raise
    _remove(replaced)
