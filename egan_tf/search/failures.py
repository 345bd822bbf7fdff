"""What ends the work on a study from outside: a storage that does not answer, a full disk, a folder that is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from egan_tf.utils.checks import InputError, RunError, first_line


@contextlib.contextmanager
def failures_in_one_line(folder: Path) -> Iterator[None]:
    """Turns errors of the storage and of the disk into one line.

    Args:
        folder: of the study.

    Raises:
        RunError: there was one; the trials so far are kept.
    """
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        raise RunError(f"the storage of {folder} cannot be reached; its trials are kept") from error
    except OSError as error:
        where = error.filename or folder
        problem = f"{where} cannot be read or written: {error.strerror or error}"
        raise RunError(f"{problem}; the trials of {folder} are kept") from error


@contextlib.contextmanager
def unreadable_in_one_line(shown: str) -> Iterator[None]:
    """Turns whatever goes wrong while a study is found in its storage into one line.

    Args:
        shown: the storage, without its password.

    Raises:
        InputError: something did.
    """
    try:
        yield
    except (InputError, RunError):
        raise
    except Exception as error:  # the driver of any database may raise anything, and a damaged one may hold anything
        raise InputError("storage", f"{shown} cannot be read: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """What a storage raised, in one line."""
    inner = error.__cause__ if isinstance(error, StorageInternalError) else None  # Optuna's own message guesses
    return first_line(inner or error)
