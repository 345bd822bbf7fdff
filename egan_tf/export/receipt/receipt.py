"""Verifies an export, or one file of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from egan_tf.export.card import export_card
from egan_tf.export.receipt.files import check_card_file, check_files
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding, worst
from egan_tf.export.receipt.formats import check_formats, entries_of
from egan_tf.export.receipt.schema import check_schema
from egan_tf.sampling.integrity import CARD_FILE, check_sha256, read_card
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.regular_files import open_regular_file

MAX_DEPTH = 8
"""Folders between a file and the card that lists it."""


def verify(path: Path, *, sha256: str | None = None, files_only: bool = False) -> Iterator[Finding]:
    """Yields what is found of an export, or of one file of it.

    All files are compared with the card before anything is loaded. What is not as it lists is never loaded.

    Args:
        path: the directory of an export; or a file of one, which is then the only one that is checked.
        sha256: of `card.json`, or of the file; from where the export itself did not come from.
        files_only: loads no format.

    Raises:
        InputError: there is no such file, no card in the directory, or `sha256` is none.
    """
    expected = None if sha256 is None else check_sha256("sha256", sha256)
    try:
        directory, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise InputError("path", f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    require(is_there, "path", f"no file or folder {path}")
    yield from _directory(path, expected, files_only) if directory else _file(path, expected, files_only)


def _directory(directory: Path, sha256: str | None, files_only: bool) -> Iterator[Finding]:
    require(_has_card(directory), "path", f"{directory} has no {CARD_FILE}: no export of egan_tf")
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
    """One file: against a SHA-256 from elsewhere, against its card, and if it is a format by itself, its samples."""
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
    card, spec, of_card = _card(directory, None)
    yield of_card
    if card is None:
        return
    name = path.relative_to(directory).as_posix()
    if name not in card["files"]:
        yield Finding(name, DIFFERENT, "extra: the card does not list it")
        return
    files = check_files(directory, card["files"], [name])
    yield from files
    alone = [format_ for format_ in card["verification"] if entries_of(format_, card) == {name}]
    if alone and not files_only and worst([of_card, *files]) != DIFFERENT:
        yield from check_formats(directory, card, spec, set(), alone[0])


def _export_of(path: Path) -> Path | None:
    """The folder of a file if it has a card, otherwise the nearest one above with the card of an export.

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
