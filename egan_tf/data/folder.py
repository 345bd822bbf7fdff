"""`folder:PATH`: the pictures in a folder of the user. Its subfolders are the classes, if there are several."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from egan_tf.data.about import About
from egan_tf.data.array_checks import check_class_names
from egan_tf.data.decoding import Header, decode_picture, quiet_decoding, read_header
from egan_tf.data.listing import Found, Listing, has_picture, list_pictures, listing_key
from egan_tf.data.names import short_name
from egan_tf.data.ordered_map import ordered_map
from egan_tf.data.picture_source import PictureSource, Stored, Survey, UnusablePicture
from egan_tf.data.progress import with_progress
from egan_tf.data.skipped import none_usable
from egan_tf.utils.checks import InputError, format_value, one_of, require
from egan_tf.utils.log_line import log_line

if TYPE_CHECKING:
    from PIL.Image import Image

EXPECTED = "expected a folder with PNG, JPEG or WebP pictures, or with one subfolder for each class"


def load(argument: str, data_dir: Path, split: str = "train") -> FolderSource:
    """The PNG, JPEG and WebP pictures in a folder; several subfolders become classes.

    Args:
        argument: path of the folder.
        data_dir: unused.
        split: "train", the only one.

    Raises:
        InputError: there is no such folder, or no picture in it.
    """
    check(argument, data_dir, split)
    root = _root(argument)
    listing = list_pictures(root)
    name = short_name(f"folder:{argument}")
    if listing.others:
        files = "1 file is no picture by its name and is"
        if listing.others > 1:
            files = f"{listing.others:,} files are no pictures by their names and are"
        log_line(f"{name}: {files} ignored")
    return FolderSource(root, name, listing)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, ("train",))
    root = _root(argument)
    shown = format_value(str(root))
    try:
        require(root.exists(), "dataset", f"{shown} does not exist; {EXPECTED}")
        require(root.is_dir(), "dataset", f"{shown} is no folder; {EXPECTED}")
        require(has_picture(root), "dataset", f"{shown} holds no pictures; {EXPECTED}")
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("dataset", f"{shown} cannot be read ({reason}); {EXPECTED}") from error


class FolderSource(PictureSource):
    """The pictures of a folder, in the order of their names.

    If there are no pictures beside them and at least two, the first-level subfolders are the classes, with all pictures
    at any depth below them.
    """

    def __init__(self, root: Path, name: str, listing: Listing) -> None:
        """Args: root: the folder. name: of the data set. listing: of the pictures."""
        self._root, self._pictures = root, listing.pictures
        folders = class_folders(listing.pictures)
        self._labels = {folder: label for label, folder in enumerate(folders)}
        self.name, self.split = name, "train"
        self.class_names = tuple(_printable(folder) for folder in folders)
        check_class_names(self.class_names)
        classes = f" in {len(folders)} classes" if folders else ""
        self.about = About(f"The pictures of a folder{classes}.", source=_printable(root.resolve().name))
        self.key = {"kind": "folder", "files": listing_key(listing)}
        if not folders and _mixed(listing.pictures):
            log_line(f"{name}: pictures lie both in the folder and in its subfolders, so there are no classes")

    def __len__(self) -> int:
        """The number of files that are pictures by their names."""
        return len(self._pictures)

    def __iter__(self) -> Iterator[Stored]:
        """All of them, in the order of their names."""
        for found in self._pictures:
            label = self._labels.get(found.name.split("/", 1)[0])
            yield Stored(found.name, partial(_decode, self._root, found), label)

    def survey(self) -> Survey:
        """Reads the headers of all files.

        Raises:
            InputError: no file has the header of a picture that can be used.
        """
        text = f"{self.name}: reading the headers"
        with quiet_decoding():
            found = list(with_progress(ordered_map(self._header, self._pictures), len(self), text))
        headers = [header for header in found if isinstance(header, Header)]
        if not headers:
            reasons = [(picture.name, str(reason)) for picture, reason in zip(self._pictures, found, strict=True)]
            raise none_usable(self.name, reasons)
        return survey_headers(headers)

    def _header(self, found: Found) -> Header | str:
        try:
            return read_header(_path(self._root, found))
        except UnusablePicture as error:
            return str(error)


def survey_headers(headers: list[Header]) -> Survey:
    """What pictures with these headers have in common."""
    sides = {(header.height, header.width) for header in headers}
    typical = int(statistics.median(min(header.width, header.height) for header in headers))
    alpha = all(header.alpha for header in headers)
    grey = all(header.grey and not header.alpha for header in headers)
    return Survey(sides.pop() if len(sides) == 1 else None, typical, 4 if alpha else 1 if grey else 3)


def class_folders(pictures: tuple[Found, ...]) -> list[str]:
    """The first-level subfolders with pictures, in order; [] if there is one only, or pictures beside them.

    Only pictures count that may be usable by their names and sizes.
    """
    usable = [found.name for found in pictures if not found.problem]
    folders = dict.fromkeys(name.split("/", 1)[0] for name in usable if "/" in name)
    beside = any("/" not in name for name in usable)
    return [] if beside or len(folders) < 2 else list(folders)


def _mixed(pictures: tuple[Found, ...]) -> bool:
    return len({"/" in found.name for found in pictures if not found.problem}) == 2


def _path(root: Path, found: Found) -> Path:
    """Where a picture is; raises `UnusablePicture` if it must not be opened."""
    if found.problem:
        raise UnusablePicture(found.problem)
    return root / found.name


def _decode(root: Path, found: Found) -> Image:
    return decode_picture(_path(root, found))


def _root(argument: str) -> Path:
    try:
        return Path(argument).expanduser()
    except (RuntimeError, ValueError) as error:  # ~user of a user who does not exist
        raise InputError("dataset", f"{format_value(argument)} is no path ({error}); {EXPECTED}") from error


def _printable(name: str) -> str:
    """A file's name as text that can be written as UTF-8, in one line."""
    return " ".join(os.fsencode(name).decode("utf-8", "replace").split())
