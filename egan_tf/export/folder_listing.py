"""What lies below a folder; what cannot be listed is named, not passed over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from egan_tf.sampling.integrity import CARD_FILE

OF_FILE_MANAGERS = ".DS_Store"
"""What a file manager leaves in a folder that it showed: no file of the user."""
UNLISTED = frozenset({CARD_FILE, OF_FILE_MANAGERS})
"""What the card of an export does not list."""


class Listing(NamedTuple):
    """What lies below a folder, by relative path with slashes.

    Attributes:
        files: all that are no folders, and links to folders.
        folders: all but links.
        unreadable: the folders that cannot be listed, with the reason; "." is the folder itself.
    """

    files: set[str]
    folders: set[str]
    unreadable: dict[str, str]


def list_folder(directory: Path) -> Listing:
    """Lists everything below a folder; follows no links."""
    found = Listing(set(), set(), {})

    def relative(path: str | os.PathLike[str]) -> str:
        return Path(path).relative_to(directory).as_posix()

    def keep_error(error: OSError) -> None:
        found.unreadable[relative(error.filename or directory)] = error.strerror or str(error)

    for place, folders, files in os.walk(directory, onerror=keep_error):
        for name in (*folders, *files):
            path = Path(place) / name
            # `os.path.islink`, unlike `Path.is_symlink`, raises nothing in a folder that cannot be searched.
            is_folder = name in folders and not os.path.islink(path)  # noqa: PTH114
            (found.folders if is_folder else found.files).add(relative(path))
    return found
