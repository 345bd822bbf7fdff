"""A cache of arrays in `.npz` files, written atomically, read without pickle, ignored when damaged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.utils.atomic import atomic_file, remove_leftovers
from egan_tf.utils.checks import InputError
from egan_tf.utils.locks import LockedError, directory_lock
from egan_tf.utils.log_line import log_line

_KEY = "about"
"""The name of the entry that holds the key."""


def cache_path(folder: Path, key: Mapping[str, Any]) -> Path:
    """The file for a key: `KIND_HASH.npz`, with `key["kind"]` and the start of the SHA-256 of the key."""
    digest = hashlib.sha256(_to_json(key).encode()).hexdigest()
    return folder / f"{key['kind']}_{digest[:16]}.npz"


def save_arrays(path: Path, key: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays with their key.

    Args:
        path: the file; its folder is made if needed.
        key: everything that the arrays depend on, as JSON values.
        arrays: numeric arrays by name; the name "about" is reserved.

    Raises:
        InputError: the file cannot be written.
    """
    entries: dict[str, Any] = {_KEY: np.array(_to_json(key)), **arrays}
    with _input_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, path.name)
        with atomic_file(path) as file:
            np.savez(file, **entries)


def make_folder_of(path: Path) -> None:
    """Makes the folder of a file that will be written after long work; raises `InputError` if it cannot hold files."""
    with _input_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass


@contextlib.contextmanager
def made_by_one(path: Path, waiting: str) -> Iterator[None]:
    """Lets one process at a time make files in the folder of `path`, where folders can be locked.

    Who waited looks again for the file. Two that made it would measure by different ones until one is read back.

    Args:
        path: the file; its folder exists.
        waiting: a line for stderr, if another process is at work.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(directory_lock(path.parent))
        except LockedError:
            log_line(waiting)
            stack.enter_context(directory_lock(path.parent, wait=True))
        yield


def load_arrays(path: Path, key: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """The arrays that `save_arrays` wrote, or None if there is no file, it is damaged, or it has another key.

    Damage is detected by the checksums in the `.npz` file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception:  # damage may raise anything, as numpy evaluates headers as Python
        return None
    if str(arrays.pop(_KEY, "")) != _to_json(key):
        return None
    return arrays


@contextlib.contextmanager
def _input_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError("data_dir", f"{path} cannot be written ({error.strerror}); choose another data_dir") from error


def _to_json(key: Mapping[str, Any]) -> str:
    return json.dumps(key, sort_keys=True)
