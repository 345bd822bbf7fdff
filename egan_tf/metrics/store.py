"""Arrays in files that appear whole, are read without pickle, and are worth nothing once damaged."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.utils.checks import InputError

ABOUT = "about"


def file_for(folder: Path, about: Mapping[str, Any]) -> Path:
    """Returns where arrays with this `about` belong: `KIND_HASH.npz`, its kind being `about["kind"]`."""
    digest = hashlib.sha256(_text(about).encode()).hexdigest()
    return folder / f"{about['kind']}_{digest[:16]}.npz"


def save_arrays(path: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Writes the arrays, none of them called "about", beside their place and moves them there.

    Args:
        path: the file; its folder is made if needed.
        about: what the arrays were made from, as JSON can hold it.
        arrays: of numbers.

    Raises:
        InputError: the file cannot be written.
    """
    contents: dict[str, Any] = {ABOUT: np.array(_text(about)), **arrays}
    with _beside(path) as beside:
        with beside.open("wb") as file:
            np.savez(file, **contents)
        beside.replace(path)


def check_writable(path: Path) -> None:
    """Raises InputError where `save_arrays` would, as far as can be told: call it before long work."""
    with _beside(path) as beside:
        beside.touch()
        beside.unlink()


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise InputError("data_dir", f"{path} cannot be written ({error.strerror}); choose another data_dir") from error


def load_arrays(path: Path, about: Mapping[str, Any]) -> dict[str, np.ndarray] | None:
    """Returns the arrays of a file by `save_arrays`, or None if there is none, it is damaged, or is about other things.

    The sums that a .npz file holds of its contents tell damage.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None
    if str(arrays.pop(ABOUT, "")) != _text(about):
        return None
    return arrays


def _text(about: Mapping[str, Any]) -> str:
    return json.dumps(about, sort_keys=True)
