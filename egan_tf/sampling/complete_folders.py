"""Folders that are complete: exports and pages, in which nothing else may be written.

A file that the card of an export does not list makes it another export for whoever verifies it, and a page with a file
more is not replaced any more.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from egan_tf.sampling.integrity import CARD_KIND, MAX_CARD_BYTES, read_card
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.regular_files import read_regular_file

PAGE_DATA = "generator.json"
"""A page is recognized by this file."""


def check_outside_exports(field: str, place: str | os.PathLike[str], strict: bool = False) -> None:
    """Refuses a path inside an export or a page, also one through links; the path itself may be one of them.

    Args:
        field: the name in the error message.
        place: of a file or folder that is to be written.
        strict: refuses a path beside a card that cannot be read, too: it may be that of an export.

    Raises:
        InputError: a folder above it is one of them.
    """
    path = Path(place)
    placed = path.parent.resolve() / path.name
    beside = {placed.parent, placed.resolve().parent}
    for folder in sorted({*placed.parents, *placed.resolve().parents}, reverse=True):
        try:
            card = read_card(folder) or {}
        except InputError as error:
            problem = f"{error.problem}, so {folder} may be an export; choose another folder"
            require(not (strict and folder in beside), field, problem)
            card = {}
        problem = f"{place} lies in the export {folder}, whose card would not list it; choose another folder"
        require(not is_export(card), field, problem)
        require(not is_page(folder), field, f"{place} lies in the page {folder}; choose another folder")


def is_export(card: Mapping[str, Any]) -> bool:
    """Whether a card is that of an export, of any version."""
    kind = card.get("format")
    return isinstance(card.get("files"), dict) and isinstance(kind, str) and kind.startswith(CARD_KIND)


def is_page(folder: Path) -> bool:
    """Whether a folder holds a page that samples in a browser."""
    try:
        data = json.loads(read_regular_file(folder / PAGE_DATA, MAX_CARD_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, dict) and "page" in data
