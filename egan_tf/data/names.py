"""The string that names a data set, the same on every command and in Python.

cifar10                     a data set of the registry
folder:PATH                 one that takes an argument after the colon
module:function             a function of the user
"""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath

MAX_NAME = 60
_LOCAL = ("folder", "lsun", "npy", "npz")
"""Kinds whose argument is a path on this machine."""


def split_name(text: str) -> tuple[str, str]:
    """The kind and the argument after the first colon, which is empty if there is none."""
    kind, _, argument = text.partition(":")
    return kind, argument


def short_name(text: str) -> str:
    """A name for runs, files and cards: letters, digits, '.', '_' and '-', and no local path.

    `folder:/home/me/cats/` is `cats`, `tfds:oxford_flowers102:test` is `oxford_flowers102-test`.

    Args:
        text: the string of a data set.
    """
    kind, argument = split_name(text)
    if not argument:
        plain = kind
    elif kind in _LOCAL:
        path = PurePath(argument)
        plain = path.stem if kind in ("npy", "npz") else path.name
    else:
        plain = argument if kind == "tfds" else text
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-._")
    if not cleaned:
        cleaned = f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
    return cleaned[:MAX_NAME]


def is_local(text: str) -> bool:
    """Whether the string names a path on this machine."""
    kind, argument = split_name(text)
    return kind in _LOCAL and bool(argument)


def public_name(text: str) -> str:
    """The string without the folders of a local path, for published files."""
    kind, argument = split_name(text)
    return f"{kind}:{PurePath(argument).name}" if is_local(text) else text
