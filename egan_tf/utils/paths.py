"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from egan_tf.utils.checks import InputError, format_value, require


def user_path(field: str, path: str | Path) -> Path:
    """A path with `~` and `~user` replaced by the home folder.

    Args:
        field: in the error.
        path: as the user wrote it.

    Raises:
        InputError: there is no such user, or no home folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(field, f"{format_value(str(path))} is no path: {error}") from error


def check_writable(name: str, folder: Path) -> None:
    """Refuses a folder that cannot be made or written to, without making it.

    Args:
        name: in the error.
        folder: as the user wrote it.

    Raises:
        InputError: it, or the nearest folder above it, is none that can be written to.
    """
    try:
        os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # the nearest folder that is there decides
    except OSError as error:  # such as a name too long
        raise InputError(name, f"cannot make or write {folder}: {error.strerror}") from error
    # Of `Path.exists` a folder that may not be searched would be an error.
    existing = next((path for path in (folder, *folder.parents) if os.path.exists(path)), Path())  # noqa: PTH110
    writable = existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
    require(writable, name, f"cannot make or write {folder}: {existing} is not a writable folder")
