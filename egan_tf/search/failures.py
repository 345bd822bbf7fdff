"""What ends the work on a study from outside: a storage that does not answer, a full disk, a folder that is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from optuna.exceptions import StorageInternalError

from egan_tf.utils.checks import RunError


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
    except StorageInternalError as error:
        raise RunError(f"the storage of {folder} cannot be reached; its trials are kept") from error
    except OSError as error:
        where = error.filename or folder
        problem = f"{where} cannot be read or written: {error.strerror or error}"
        raise RunError(f"{problem}; the trials of {folder} are kept") from error
