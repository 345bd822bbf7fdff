"""Whether a file is the one that it should be: by the card beside it, or by a SHA-256 that the user gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from egan_tf.utils.checks import InputError, format_value, require
from egan_tf.utils.regular_files import read_regular_file

CARD_FILE = "card.json"
CARD_KIND = "egan_tf export "
"""How the entry `format` of an export's card begins; a number follows."""
MAX_CARD_BYTES = 16 << 20
"""The card of an export has some kilobytes."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)


def check_sha256(field: str, value: Any) -> str:
    """Returns a SHA-256 in lower case; raises `InputError` unless it is text of 64 hexadecimal digits."""
    valid = isinstance(value, str) and _SHA256.fullmatch(value) is not None
    require(valid, field, f"must be 64 hexadecimal digits, got {format_value(value)}")
    return str(value).lower()


def read_card(directory: Path) -> dict[str, Any] | None:
    """The card in a directory; None if there is none.

    Raises:
        InputError: something is there under the card's name, but cannot be read as a card: a folder, a pipe, a link
            to nothing, a file that is too large, no JSON object. `field` is "path".
    """
    path = directory / CARD_FILE
    try:
        path.lstat()
        card = json.loads(read_regular_file(path, MAX_CARD_BYTES).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not path.is_symlink():
            return None
        raise InputError("path", f"cannot read {path}: a link to nothing") from error
    except OSError as error:
        raise InputError("path", f"cannot read {path}: {error.strerror or error}") from error
    except RecursionError as error:
        raise InputError("path", f"cannot read {path}: deeply nested") from error
    except MemoryError as error:
        raise InputError("path", f"cannot read {path}: does not fit into memory") from error
    except ValueError as error:
        raise InputError("path", f"{path} is no JSON: {error}") from error
    require(isinstance(card, dict), "path", f"{path} is no card: its JSON is no object")
    return card


def check_against_card(path: Path, sha256: str) -> None:
    """Refuses a file that the card beside it does not vouch for. Without a card every file passes.

    Args:
        path: the file.
        sha256: of its content, in lower case.

    Raises:
        InputError: there is a card, and it cannot be read, does not list the file, or lists another SHA-256.
    """
    try:
        card = read_card(path.parent)
    except InputError as error:
        raise InputError("path", f"{error.problem}; {path} cannot be checked: export again, or move it away") from error
    if card is None:
        return
    files = card.get("files")
    entry = files.get(path.name) if isinstance(files, dict) else None
    listed = entry.get("sha256") if isinstance(entry, dict) else None
    remedy = "export again, or move it away"
    require(listed is not None, "path", f"{CARD_FILE} beside {path} lists no SHA-256 of it; {remedy}")
    try:
        expected = check_sha256("sha256", listed)
    except InputError as error:
        raise InputError("path", f"{CARD_FILE} beside {path}: its sha256 {error.problem}; {remedy}") from error
    problem = f"{path} is not the file that {CARD_FILE} beside it lists: damaged, or changed; {remedy}"
    require(sha256 == expected, "path", problem)
