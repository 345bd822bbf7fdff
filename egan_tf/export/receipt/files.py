"""Compares the files of an export with its card, by hashes alone: nothing is loaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from egan_tf.export.digest import DIGEST, card_text, digest_of
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding
from egan_tf.sampling.integrity import CARD_FILE, MAX_CARD_BYTES
from egan_tf.utils.regular_files import open_regular_file, read_regular_file

IGNORED = {CARD_FILE, ".DS_Store"}
"""Not listed by the card: itself, and what a file manager leaves."""
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
        if sha256 == found:
            return Finding(CARD_FILE, OK, f"SHA-256 {found}, as given")
        return Finding(CARD_FILE, NOT_CHECKED, "has no digest, as an earlier version wrote it; give --sha256")
    if digest_of(card) != card[DIGEST] or card_text(card) != text:
        return Finding(CARD_FILE, DIFFERENT, "does not have its own digest: damaged or changed")
    return Finding(CARD_FILE, OK, f"SHA-256 {found}{'' if sha256 is None else ', as given'}")


def check_files(directory: Path, listed: Mapping[str, Mapping[str, Any]], only: Iterable[str] = ()) -> list[Finding]:
    """Compares files with the table of a card.

    Args:
        directory: of the export.
        listed: SHA-256 and bytes by relative path, as `check_schema` accepts them.
        only: the paths to compare; by default all, and all that are there must be listed.

    Returns:
        A finding for each file, in the order of their paths.
    """
    chosen = list(only)
    found = [check_file(directory / path, path, listed[path]) for path in sorted(chosen or listed)]
    extra = [] if chosen else sorted(_present(directory) - set(listed) - IGNORED)
    return found + [Finding(path, DIFFERENT, "extra: the card does not list it") for path in extra]


def check_file(file: Path, name: str, entry: Mapping[str, Any]) -> Finding:
    """Compares one file with its SHA-256 and size."""
    try:
        with open_regular_file(file) as opened:
            size, expected = os.fstat(opened.fileno()).st_size, entry["bytes"]
            if size != expected:
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


def _present(directory: Path) -> set[str]:
    """All files below a directory, and links to directories, by relative path."""
    found: set[str] = set()
    for place, folders, files in os.walk(directory):
        links = [folder for folder in folders if (Path(place) / folder).is_symlink()]
        found |= {(Path(place) / name).relative_to(directory).as_posix() for name in (*files, *links)}
    return found
