"""A directory that appears whole or not at all: filled beside its place, renamed into it when complete."""

from __future__ import annotations

import contextlib
import glob
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from egan_tf.utils.atomic import to_disk
from egan_tf.utils.checks import InputError, require

try:
    import fcntl
except ImportError:  # Windows: exports work, what a killed one left is not swept
    fcntl = None  # type: ignore[assignment]

CARD = "card.json"
MARK = "egan_tf export 1"
"""The card's `format`: what tells an export from any other directory."""


@contextlib.contextmanager
def staged(directory: Path, overwrite: bool) -> Iterator[Path]:
    """Yields an empty directory that takes the place of `directory` when the block ends without an error.

    After an error, an interrupt included, it is removed and `directory` is as it was. What a killed process left
    behind (`.NAME.partial-...`) is swept by the next export of that name. An old export is moved aside, replaced, and
    only then removed; between the two renames a reader may find neither, and a process killed right there leaves the
    old one as `.NAME.replaced-...`, which the next export of that name puts back first.

    Args:
        directory: the final place; its parents are made.
        overwrite: whether an earlier export there is replaced.

    Raises:
        InputError: `directory` cannot be made, exists already, or holds something that is no export.
    """
    final = directory.resolve()
    require(bool(final.name), "name", f"{directory} cannot be the name of an export")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _lock(final.parent):
            _sweep(final)
            _check_place(directory, final, overwrite)
            partial = _beside(final, "partial")
            partial.mkdir()
            held = contextlib.ExitStack()
            held.enter_context(_lock(partial))
    except OSError as error:
        raise InputError("name", f"cannot write {directory}: {error.strerror or error}") from error
    with held:
        try:
            yield partial
            _finish(partial, directory, final, overwrite)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _finish(partial: Path, shown: Path, final: Path, overwrite: bool) -> None:
    try:
        to_disk(partial)
        with _lock(final.parent):
            _check_place(shown, final, overwrite)
            _publish(partial, final)
    except OSError as error:
        raise InputError("name", f"cannot write {shown}: {error.strerror or error}") from error


def check_place(directory: Path, overwrite: bool) -> None:
    """Raises `InputError` where `staged` would: call it before long work whose result goes to `directory`."""
    _check_place(directory, directory.resolve(), overwrite)


def _check_place(shown: Path, final: Path, overwrite: bool) -> None:
    if not final.exists():
        return
    require(final.is_dir(), "name", f"{shown} exists and is a file; choose another name")
    listed = _listed_files(final)
    require(listed is not None, "name", f"{shown} exists and is no export of egan_tf; choose another name")
    require(overwrite, "name", f"{shown} exists; --overwrite replaces it")
    strangers = sorted(_files(final) - (listed or set()) - {CARD, ".DS_Store"})
    require(not strangers, "name", f"{shown} holds {', '.join(strangers[:3])}, not of the export; move that away first")


def _files(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*") if not path.is_dir()}


def _listed_files(directory: Path) -> set[str] | None:
    """The files that an export's card lists, or None where there is no such card."""
    try:
        card = json.loads((directory / CARD).read_text("utf-8"))
        return set(card["files"]) if card["format"] == MARK else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _beside(final: Path, kind: str) -> Path:
    return final.with_name(f".{final.name}.{kind}-{secrets.token_hex(4)}")


def _leftovers(final: Path, kind: str) -> list[Path]:
    return sorted(final.parent.glob(f".{glob.escape(final.name)}.{kind}-*"))


def _sweep(final: Path) -> None:
    """Clears up after killed exports: a partial directory whose lock is free has no living owner."""
    for replaced in _leftovers(final, "replaced"):
        if final.exists():
            shutil.rmtree(replaced, ignore_errors=True)
        else:
            replaced.rename(final)
    for partial in _leftovers(final, "partial"):
        if fcntl is not None:
            with contextlib.suppress(OSError), _lock(partial, wait=False):
                shutil.rmtree(partial, ignore_errors=True)


@contextlib.contextmanager
def _lock(directory: Path, wait: bool = True) -> Iterator[None]:
    """Holds the directory's advisory lock, which the system frees when its process ends, however it ends."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            # Some network file systems lock no directories: go on without, but never sweep without.
            if not wait:
                raise
        yield
    finally:
        os.close(descriptor)


def _publish(partial: Path, final: Path) -> None:
    if not final.exists():
        partial.rename(final)
        return
    replaced = _beside(final, "replaced")
    final.rename(replaced)
    try:
        partial.rename(final)
    except BaseException:
        replaced.rename(final)
        raise
    shutil.rmtree(replaced, ignore_errors=True)
