"""Exports that somebody received: damaged in every way."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from egan_tf.export.card import file_table, write_card
from egan_tf.export.digest import DIGEST
from egan_tf.export.receipt.finding import OK, Finding
from egan_tf.export.receipt.receipt import verify


def found(path: Path, **options: Any) -> list[Finding]:
    return list(verify(path, **options))


def faults(path: Path, **options: Any) -> dict[str, Finding]:
    """The findings that are not ok, by subject."""
    return {finding.subject: finding for finding in verify(path, **options) if finding.state != OK}


def unreadable(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Makes a folder one that cannot be listed, as it is for anybody but root without the permission."""
    scandir, denied = os.scandir, PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    def checked(path: Any = ".") -> Any:
        if Path(path) == folder:
            raise denied
        return scandir(path)

    listdir = os.listdir

    def checked_names(path: Any = ".") -> Any:
        if Path(path) == folder:
            raise denied
        return listdir(path)

    patch.setattr(os, "scandir", checked)
    patch.setattr(os, "listdir", checked_names)


def files_of(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def rewrite_card(directory: Path, change: Callable[[dict[str, Any]], None] = lambda card: None) -> None:
    """Writes a card that fits the files as they are now, digest included, as somebody would who hides a change."""
    card = json.loads((directory / "card.json").read_text("utf-8"))
    (directory / "card.json").unlink()
    card["files"] = file_table(directory)
    card.pop(DIGEST, None)
    change(card)
    write_card(card, directory)
