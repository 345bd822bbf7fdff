"""Lists the pictures in a folder, in an order that depends on their names only."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from egan_tf.utils.checks import InputError, format_value

USABLE = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp")
OTHER = (
    *(".avif", ".bmp", ".cr2", ".dib", ".dng", ".eps", ".exr", ".gif", ".hdr", ".heic", ".heif", ".ico", ".jp2"),
    *(".jxl", ".nef", ".pbm", ".pcx", ".pgm", ".pnm", ".ppm", ".psd", ".svg", ".tga", ".tif", ".tiff", ".xcf"),
)
"""Pictures of formats that are not read."""

FORMAT_REASON = "only PNG, JPEG and WebP are read"


class Found(NamedTuple):
    """A file that is a picture by its name.

    Attributes:
        name: path below the folder, with "/" between its parts.
        problem: why it cannot be used; "" if nothing is known against it.
        size: in bytes.
        mtime: of the last change, in nanoseconds.
    """

    name: str
    problem: str
    size: int
    mtime: int


class Listing(NamedTuple):
    """The pictures of a folder in the order of their names' bytes, and the number of other files."""

    pictures: tuple[Found, ...]
    others: int


def list_pictures(root: Path) -> Listing:
    """Lists the pictures in a folder and the folders below it.

    Hidden files and folders and __MACOSX are ignored. Links to files and folders are followed; a folder is visited
    once, whatever links to it.

    Args:
        root: the folder.

    Raises:
        InputError: a folder cannot be read.
    """
    pictures, others = [], 0
    for name, entry in _files(root):
        extension = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122
        if extension not in USABLE and extension not in OTHER:
            others += 1
            continue
        pictures.append(_inspect(name, entry, extension))
    return Listing(tuple(sorted(pictures, key=lambda found: os.fsencode(found.name))), others)


def has_picture(root: Path) -> bool:
    """Whether there is a file below `root` that is a picture by its name; stops at the first."""
    return any(os.path.splitext(entry.name)[1].lower() in USABLE for _, entry in _files(root))  # noqa: PTH122


def listing_key(listing: Listing) -> str:
    """SHA-256 (hex) of names, sizes and times of the pictures."""
    digest = hashlib.sha256()
    for found in listing.pictures:
        digest.update(os.fsencode(found.name) + b"\0" + f"{found.size} {found.mtime} {found.problem}".encode() + b"\0")
    return digest.hexdigest()


def _files(root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but folders, with its path below `root`; what is behind links comes last.

    The order of files is that of the file system, that of folders is not: it decides which of two links counts.
    """
    visited: set[tuple[int, int]] = set()
    folders: list[tuple[str, str]] = [("", str(root))]
    links: list[tuple[str, str]] = []
    while folders or links:
        prefix, path = folders.pop() if folders else links.pop()
        try:
            status = os.stat(path)  # noqa: PTH116
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            below: list[tuple[str, str, bool]] = []
            with os.scandir(path) as scan:
                for entry in scan:
                    if entry.name.startswith(".") or entry.name == "__MACOSX":
                        continue
                    name = prefix + entry.name
                    if _is_folder(entry):
                        below.append((f"{name}/", entry.path, entry.is_symlink()))
                    else:
                        yield name, entry
        except OSError as error:
            problem = f"the folder {format_value(path)} cannot be read ({error.strerror}); change its rights"
            raise InputError("dataset", problem) from error
        for name, inner, is_link in sorted(below, key=lambda folder: os.fsencode(folder[0]), reverse=True):
            (links if is_link else folders).append((name, inner))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _inspect(name: str, entry: os.DirEntry[str], extension: str) -> Found:
    try:
        status = entry.stat()
    except OSError as error:
        return Found(name, "is a broken link" if entry.is_symlink() else str(error.strerror), 0, 0)
    problem = ""
    if not stat.S_ISREG(status.st_mode):
        problem = "is no regular file"
    elif extension in OTHER:
        problem = FORMAT_REASON
    elif status.st_size == 0:
        problem = "is empty"
    return Found(name, problem, status.st_size, status.st_mtime_ns)
