"""The directory of an export: appears complete or not at all, and replaces only another export or an empty one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from egan_tf.export.card import listed_files
from egan_tf.export.folder_listing import UNLISTED, list_folder
from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.utils.atomic import atomic_directory
from egan_tf.utils.checks import InputError, require


@contextlib.contextmanager
def atomic_export(directory: Path, overwrite: bool) -> Iterator[Path]:
    """Yields an empty directory that becomes `directory` when the block ends without an error.

    After an error, an interrupt included, it is removed and `directory` is unchanged. The next export of the same name
    clears up after a killed process; see `egan_tf.utils.atomic`. A symbolic link stays, its target is replaced.

    Args:
        directory: the final path; its parents are made.
        overwrite: replaces an earlier export.

    Raises:
        InputError: `directory` cannot be written, is an export already, holds something that is no export, or lies in
            another export or a page.
    """
    final = directory.resolve()
    require(bool(final.name), "name", f"{directory} cannot be the name of an export")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with atomic_directory(final, lambda: _check(directory, final, overwrite)) as partial:
            yield partial
    except OSError as error:
        raise InputError("name", f"cannot write {directory}: {error.strerror or error}") from error


def check_export_directory(directory: Path, overwrite: bool) -> None:
    """Raises `InputError` if `atomic_export` would: call it before long work."""
    try:
        _check(directory, directory.resolve(), overwrite)
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # also links in a circle, and null characters
        reason = getattr(error, "strerror", None) or error
        raise InputError("name", f"cannot write {directory}: {reason}") from error


def _check(directory: Path, final: Path, overwrite: bool) -> None:
    """Checks `final`; messages use the user's name for it, `directory`."""
    check_outside_exports("name", final, strict=True)
    if not final.exists():
        return
    require(final.is_dir(), "name", f"{directory} exists and is a file; choose another name")
    if next(final.iterdir(), None) is None:
        return
    listed = listed_files(final)
    require(listed is not None, "name", f"{directory} exists and is no export of egan_tf; choose another name")
    require(overwrite, "name", f"{directory} exists; --overwrite replaces it")
    listing = list_folder(final)
    for path, reason in listing.unreadable.items():
        raise InputError("name", f"cannot read {final / path}: {reason}; move that away first")
    others = sorted(listing.files - (listed or set()) - UNLISTED)
    problem = f"{directory} holds {', '.join(others[:3])}, not of the export; move that away first"
    require(not others, "name", problem)
