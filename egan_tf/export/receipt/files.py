"""Compares the files of an export with its card, by hashes alone: nothing is loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from egan_tf.export.card import CARD_FORMATS
from egan_tf.export.digest import DIGEST, card_text, digest_of
from egan_tf.export.folder_listing import OF_FILE_MANAGERS, UNLISTED, list_folder
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding
from egan_tf.sampling.integrity import CARD_FILE, MAX_CARD_BYTES
from egan_tf.utils.regular_files import open_regular_file, read_regular_file

BESIDE = (".cache/huggingface", ".git", ".gitattributes")
"""What git, and a download from the Hub of Hugging Face, leave in the folder of an export; nothing loads it from there.
In a folder of a format the same names are extra files."""

LINE_ENDS = (
    "has other line ends, as git writes them with core.autocrlf: check it out again with `* -text` in .gitattributes"
)

_PART = 1 << 20


def check_card_file(path: Path, card: Mapping[str, Any], sha256: str | None) -> Finding:
    """Whether `card.json` is undamaged.

    Args:
        path: the file.
        card: its content.
        sha256: that it must have, from elsewhere; None for any.
    """
    text = read_regular_file(path, MAX_CARD_BYTES)
    found = hashlib.sha256(text).hexdigest()
    if sha256 not in (None, found):
        return Finding(CARD_FILE, DIFFERENT, f"has SHA-256 {found}, not {sha256}")
    if DIGEST not in card:
        if not _is_of_before_digests(card):
            return Finding(CARD_FILE, DIFFERENT, "has no digest, as cards of its format have: damaged or changed")
        if sha256 == found:
            return Finding(CARD_FILE, OK, f"SHA-256 {found}, as given")
        return Finding(CARD_FILE, NOT_CHECKED, "has no digest, as an earlier version wrote it; give --sha256")
    if digest_of(card) == card[DIGEST] and card_text(card) == text.replace(b"\r\n", b"\n") != text:
        return Finding(CARD_FILE, DIFFERENT, LINE_ENDS)
    if digest_of(card) != card[DIGEST] or card_text(card) != text:
        return Finding(CARD_FILE, DIFFERENT, "does not have its own digest: damaged or changed")
    return Finding(CARD_FILE, OK, f"SHA-256 {found}{'' if sha256 is None else ', as given'}")


def _is_of_before_digests(card: Mapping[str, Any]) -> bool:
    """Whether an earlier version wrote a card; by another entry, too, as damage may turn the format into an earlier."""
    return card.get("format") == CARD_FORMATS[0] and "sample_vectors" not in card


def check_files(directory: Path, listed: Mapping[str, Mapping[str, Any]], within: str = "") -> list[Finding]:
    """Compares files with the table of a card.

    Args:
        directory: of the export.
        listed: SHA-256 and bytes by relative path, as `check_schema` accepts them.
        within: the file, or the folder, to compare, by its relative path; by default all.

    Returns:
        A finding for each file, in the order of their paths; then those of files that are not listed, and of folders
        that may hold some; last, in one line, what lies beside the export.
    """
    present = list_folder(directory)
    others = [path for path in sorted(present.files - set(listed) - UNLISTED) if lies_in(path, within)]
    extra = [path for path in others if not is_beside(path)]
    beside = [entry for entry in BESIDE if any(lies_in(path, entry) for path in others)]
    unreadable = [path for path in sorted(present.unreadable) if lies_in(path, within) and not is_beside(path)]
    return [
        *(check_file(directory / path, path, listed[path]) for path in sorted(listed) if lies_in(path, within)),
        *(Finding(path, DIFFERENT, _extra(path)) for path in extra),
        *(Finding(path, DIFFERENT, f"the folder cannot be read: {present.unreadable[path]}") for path in unreadable),
        *([Finding(", ".join(beside), OK, "beside the export and not of it, left by a download")] if beside else []),
    ]


def _extra(path: str) -> str:
    left = path.rsplit("/", 1)[-1] == OF_FILE_MANAGERS
    return f"extra: {'left by a file manager; delete it' if left else 'the card does not list it'}"


def lies_in(path: str, folder: str) -> bool:
    """Whether a relative path is another one, or lies in it; all lie in ""."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def is_beside(path: str) -> bool:
    """Whether a relative path lies beside an export, as one of `BESIDE`."""
    return any(lies_in(path, entry) for entry in BESIDE)


def check_file(file: Path, name: str, entry: Mapping[str, Any]) -> Finding:
    """Compares one file with its SHA-256 and size."""
    try:
        with open_regular_file(file) as opened:
            size, expected = os.fstat(opened.fileno()).st_size, entry["bytes"]
            if size != expected:
                if expected < size <= MAX_CARD_BYTES and _differs_by_line_ends(opened.read(), entry):
                    return Finding(name, DIFFERENT, LINE_ENDS)
                kind = "truncated" if size < expected else "longer than listed"
                return Finding(name, DIFFERENT, f"{kind}: {size:,} bytes, the card lists {expected:,}")
            total = hashlib.sha256()
            while part := opened.read(_PART):
                total.update(part)
    except FileNotFoundError:
        return Finding(name, DIFFERENT, "missing")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return Finding(name, DIFFERENT, f"cannot be read: {reason}")
    if total.hexdigest() != entry["sha256"].lower():
        return Finding(name, DIFFERENT, "damaged or changed: has another SHA-256 than the card lists")
    return Finding(name, OK, f"{size:,} bytes, SHA-256 as the card lists")


def _differs_by_line_ends(content: bytes, entry: Mapping[str, Any]) -> bool:
    """Whether a content is that of an entry of the card once the line ends of Windows are those of Unix."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest() == entry["sha256"].lower()
