"""Paths as users write them."""

from __future__ import annotations

from pathlib import Path

from egan_tf.utils.checks import InputError, format_value


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
