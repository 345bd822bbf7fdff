"""Where samples may be written: names that say what the file is, and nothing that belongs to an export."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from egan_tf.sampling.complete_folders import check_outside_exports
from egan_tf.sampling.integrity import CARD_FILE, read_card
from egan_tf.utils.atomic import atomic_file, remove_leftovers
from egan_tf.utils.checks import InputError, boolean, format_value, require

ARRAY, PICTURE, FOLDER = ".npy", ".png", "folder"
GIF, WEBP, TABLE = ".gif", ".webp", ".npz"

KINDS = (ARRAY, PICTURE, FOLDER)
"""What plain samples are written as."""

_FOLDER_NAME = "the name of a folder without a dot or with a slash at its end"
_NEEDS = {GIF: "--walk", WEBP: "--walk", TABLE: "--nearest"}


@dataclass(frozen=True)
class Destination:
    """A path that samples may be written to.

    Attributes:
        path: of the file or folder.
        kind: `FOLDER`, or the ending of the name, such as `ARRAY`.
        overwrite: an existing file may be replaced.
    """

    path: Path
    kind: str
    overwrite: bool


def check_destination(
    out: str | os.PathLike[str], model: Path, overwrite: bool, kinds: Sequence[str] = KINDS
) -> Destination:
    """Checks where samples shall go, before any is drawn.

    A name ends in one of `kinds`, or it is a folder's: without a dot, or with a slash at its end, or the name of a
    folder that exists, which must be empty, and neither a link nor a mount point. The files of an export, and new ones
    in its folder, are refused: what a `card.json` beside `out` or in a folder above it lists, whatever lies in the
    folder of such a card, what the card beside the model lists, and the model itself, also through links. So is
    whatever lies in the folder of a page.

    Args:
        out: the file or folder; as text, because a `Path` drops the slash.
        model: the file that the samples come from.
        overwrite: replaces an existing file, if it is a regular one and not of an export.
        kinds: what may be written, from the kinds above.

    Raises:
        InputError: samples cannot or must not be written there. `field` is "out".
    """
    boolean("overwrite", overwrite)
    with input_errors("cannot write there"):
        path, kind = _path_and_kind(out, kinds)
        require(path.parent.is_dir(), "out", f"no folder {path.parent}; make it first")
        if kind == FOLDER:
            exists = os.path.lexists(path)
            require(not exists or path.is_dir(), "out", f"{path} is a file; choose another name, or .png or .npy")
            empty = not exists or not any(path.iterdir())
            require(empty, "out", f"the folder {path} is not empty; choose another name")
            # The whole folder gets its name by a rename, which cannot replace these.
            require(not path.is_symlink(), "out", f"{path} is a link; give the folder itself, or another name")
            require(not os.path.ismount(path), "out", f"{path} is a mount point; give a folder inside it")
        else:
            require(not path.is_dir(), "out", f"{path} is a folder; choose another name")
        _check_exports(path, model)
        if kind != FOLDER and os.path.lexists(path):
            require(overwrite, "out", f"{path} exists; --overwrite (in Python: overwrite=True) replaces it")
            require(path.is_file(), "out", f"{path} is no regular file; choose another name")
    return Destination(path, kind, overwrite)


@contextlib.contextmanager
def input_errors(problem: str) -> Iterator[None]:
    """Turns errors of the file system inside the block into an `InputError` about "out"."""
    try:
        yield
    except InputError:
        raise
    except (OSError, RuntimeError, ValueError) as error:  # also links in a circle, and null characters
        reason = getattr(error, "strerror", None) or error
        raise InputError("out", f"{problem}: {reason}") from error


@contextlib.contextmanager
def open_destination(place: Destination) -> Iterator[BinaryIO]:
    """Yields a file that becomes the destination when the block ends without an error.

    Raises:
        InputError: it cannot be written, and is unchanged. `field` is "out".
    """
    with input_errors(f"cannot write {place.path}"):
        remove_leftovers(place.path.parent, place.path.name)
        with atomic_file(place.path, overwrite=place.overwrite) as file:
            yield file


def _path_and_kind(out: Any, kinds: Sequence[str]) -> tuple[Path, str]:
    choice = [_FOLDER_NAME if kind == FOLDER else f"NAME{kind}" for kind in kinds]
    advice = f"use {', '.join(choice[:-1])}{',' if len(choice) > 2 else ''} or {choice[-1]}"
    require(isinstance(out, (str, os.PathLike)), "out", f"must be a path, got {format_value(out)}")
    text = os.fspath(out)
    require(isinstance(text, str), "out", f"must be text, got {format_value(text)}")
    require(text != "-", "out", f"standard output is not supported; {advice}")
    path = Path(text)
    require(path.name not in ("", ".."), "out", "must end in the name of a file or folder")
    suffix = path.suffix.lower()
    if suffix in kinds and not text.endswith(("/", os.sep)):
        return path, suffix
    # A dot at the end is no suffix for pathlib, one at the start marks a hidden folder.
    folder = text.endswith(("/", os.sep)) or "." not in path.name.lstrip(".") or path.is_dir()
    if folder and FOLDER in kinds:
        return path, FOLDER
    if folder:
        raise InputError("out", f"{format_value(path.name)} is the name of a folder; {advice}")
    needed = f" without {_NEEDS[suffix]}" if suffix in _NEEDS else ""
    raise InputError("out", f"{format_value(path.name)} is of no known kind{needed}; {advice}")


def _check_exports(out: Path, model: Path) -> None:
    """Refuses `out` if it is, or links to, the model or a file of an export, or lies in an export or a page."""
    problem = f"{out} belongs to an export, whose files are never replaced; choose another name"
    place = out.parent.resolve() / out.name
    for path in {place, place.resolve()}:
        for directory in path.parents:
            card = _card(directory, strict=directory == path.parent and os.path.lexists(out))
            inside = path.relative_to(directory).as_posix()
            taken = any(name == inside or name.startswith(f"{inside}/") for name in _listed(card))
            require(not taken, "out", problem)
    check_outside_exports("out", out)
    if out.exists():
        require(not out.samefile(model), "out", f"{out} is the model itself; choose another name")
        for directory in {model.parent, model.resolve().parent}:
            files = (directory / name for name in _listed(_card(directory, strict=False)))
            require(not any(file.exists() and out.samefile(file) for file in files), "out", problem)


def _card(directory: Path, strict: bool) -> dict[str, Any]:
    """The card in a directory; empty if there is none that can be read.

    Args:
        directory: of the card.
        strict: refuses a card that cannot be read, instead of taking it for that of something else than an export.
    """
    try:
        return read_card(directory) or {}
    except InputError as error:
        require(not strict, "out", f"{error.problem}, so its files may be an export's; choose another folder")
        return {}


def _listed(card: Mapping[str, Any]) -> Iterable[str]:
    """The files that a card lists, and the card; none of a card of something else than an export."""
    files = card.get("files")
    return (CARD_FILE, *files) if isinstance(files, dict) else ()
