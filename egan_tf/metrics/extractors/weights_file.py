"""Reads the file of an extractor that the user gives, and makes sure that it is the published one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from egan_tf.utils.checks import InputError, require
from egan_tf.utils.regular_files import read_regular_file

MAX_BYTES = 1 << 30


def read_weights_file(path: Path, sha256: str, wanted: str, remedy: str) -> bytes:
    """The content of a file.

    Args:
        path: the file.
        sha256: of its content, hexadecimal.
        wanted: which file it should be, for the error.
        remedy: how to get that, for the error.

    Raises:
        InputError: there is no such file, it cannot be read, or it is another one.
    """
    try:
        content = read_regular_file(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError("extractor", f"no file {path}; {remedy}") from error
    except OSError as error:
        problem = f"{path} cannot be read ({error.strerror}); change its rights or give another file"
        raise InputError("extractor", problem) from error
    found = hashlib.sha256(content).hexdigest()
    require(found == sha256, "extractor", f"{path} is not {wanted} (SHA-256 {sha256}), got {found}; {remedy}")
    return content
