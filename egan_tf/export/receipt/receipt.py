"""Verifies an export, or one file of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egan_tf.export.card import export_card
from egan_tf.export.receipt.files import check_card_file, check_files, is_beside
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding, worst
from egan_tf.export.receipt.formats import check_formats, entries_of
from egan_tf.export.receipt.schema import check_schema
from egan_tf.sampling.integrity import CARD_FILE, check_sha256, read_card
from egan_tf.utils.checks import InputError, boolean, require
from egan_tf.utils.regular_files import open_regular_file

MAX_DEPTH = 8
"""Folders between a file and the card that lists it."""


def verify(path: Path, *, sha256: str | None = None, files_only: bool = False) -> Iterator[Finding]:
    """Yields what is found of an export, or of one file of it.

    All files are compared with the card before anything is loaded. What is not as it lists is never loaded.

    Args:
        path: the directory of an export; or a file or folder in one, which is then all that is checked.
        sha256: of `card.json`, or of a single file; from where the export itself did not come from.
        files_only: loads no format.

    Raises:
        InputError: there is no such file, no card in the directory or above, or `sha256` is none.
    """
    boolean("files_only", files_only)
    expected = None if sha256 is None else check_sha256("sha256", sha256)
    try:
        directory, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise InputError("path", f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    require(is_there, "path", f"no file or folder {path}")
    yield from _directory(path, expected, files_only) if directory else _file(path, expected, files_only)


def _directory(directory: Path, sha256: str | None, files_only: bool) -> Iterator[Finding]:
    if not _has_card(directory):
        yield from _folder_inside(directory, sha256, files_only)
        return
    card, spec, found = _card(directory, sha256)
    yield found
    if card is None:
        yield Finding("the other files", NOT_CHECKED, f"{CARD_FILE} lists them")
        return
    files = check_files(directory, card["files"])
    yield from files
    if files_only:
        return
    # What the card says of formats cannot be believed if it is damaged.
    damaged = {file.subject for file in files if file.state != OK} if found.state != DIFFERENT else set(card["files"])
    yield from check_formats(directory, card, spec, damaged)


def _folder_inside(folder: Path, sha256: str | None, files_only: bool) -> Iterator[Finding]:
    """A folder without a card: that of a format, or another one of an export."""
    path = without_parents(folder.absolute())
    directory = _export_of(path)
    if directory is None:
        raise InputError("path", f"{folder} has no {CARD_FILE}, nor has a folder above: no export of egan_tf")
    yield from _part(path, directory, sha256, files_only)


def _part(path: Path, directory: Path, sha256: str | None, files_only: bool) -> Iterator[Finding]:
    """A file or a folder of an export, and if it is a format by itself, its samples.

    Args:
        path: absolute, without `..`, in `directory`.
        directory: of the export.
        sha256: of its card.
        files_only: loads no format.
    """
    card, spec, of_card = _card(directory, sha256)
    yield of_card
    if card is None:
        return
    name = path.relative_to(directory).as_posix()
    if is_beside(name):
        yield Finding(name, NOT_CHECKED, "beside the export and not of it: the card does not list it")
        return
    files = check_files(directory, card["files"], name)
    yield from files or [Finding(name, NOT_CHECKED, "holds no file, and the card lists none in it")]
    alone = [format_ for format_ in card["verification"] if entries_of(format_, card) == {name}]
    if alone and not files_only and worst([of_card, *files]) != DIFFERENT:
        yield from check_formats(directory, card, spec, set(), alone[0])


def _card(directory: Path, sha256: str | None) -> tuple[Any, Any, Finding]:
    """The card, None if it cannot be used; the generator's specification; and the finding of the file."""
    try:
        card: Any = read_card(directory)
        found = check_card_file(directory / CARD_FILE, card, sha256)
        return card, check_schema(card), found
    except InputError as error:
        problem = error.problem if error.field == "path" else str(error)
        return None, None, Finding(CARD_FILE, DIFFERENT, problem)
    except (OSError, ValueError, RecursionError) as error:
        return None, None, Finding(CARD_FILE, DIFFERENT, f"cannot be read: {error}")


def _file(path: Path, sha256: str | None, files_only: bool) -> Iterator[Finding]:
    """One file: against a SHA-256 from elsewhere, and against its card."""
    if path.name == CARD_FILE:
        yield _card(path.parent, sha256)[2]
        return
    if sha256 is not None:
        found = _sha256(path)
        same = found == sha256
        yield Finding(path.name, OK if same else DIFFERENT, f"SHA-256 {found}, {'as' if same else 'not as'} given")
        if not same:
            return
    path = without_parents(path.absolute())
    directory = _export_of(path)
    if directory is None:
        if sha256 is None:
            yield Finding(path.name, NOT_CHECKED, f"no {CARD_FILE} beside it, nor of an export above; give --sha256")
        return
    yield from _part(path, directory, None, files_only)


def _export_of(path: Path) -> Path | None:
    """The folder of a file or folder if it has a card, otherwise the nearest one above with the card of an export.

    A `card.json` further above may be of anything else, or out of reach. The path is absolute, without `..`.
    """
    beside, *above = list(path.parents)[:MAX_DEPTH]
    if _has_card(beside):
        return beside
    return next((folder for folder in above if export_card(folder) is not None), None)


def without_parents(path: Path) -> Path:
    """An absolute path to the same file without `..`; links stay, but for those that `..` follows."""
    found = Path(path.anchor)
    for part in path.parts[1:]:
        if part != "..":
            found /= part
        else:
            found = (found.resolve() if found.is_symlink() else found).parent
    return found


def _has_card(directory: Path) -> bool:
    """Whether something has the card's name in a directory.

    Raises:
        InputError: this cannot be known.
    """
    try:
        (directory / CARD_FILE).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise InputError("path", f"cannot read {directory}: {getattr(error, 'strerror', None) or error}") from error
    return True


def _sha256(path: Path) -> str:
    try:
        with open_regular_file(path) as file:
            total = hashlib.sha256()
            while part := file.read(1 << 20):
                total.update(part)
    except (OSError, ValueError) as error:
        raise InputError("path", f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    return total.hexdigest()
