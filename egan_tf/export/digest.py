"""The digest by which a card shows damage to itself, and the one form in which a card is written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "digest"
"""The entry of the card: a SHA-256 of all the others, 64 hexadecimal digits."""


def digest_of(card: Mapping[str, Any]) -> str:
    """SHA-256 (hexadecimal) of a card without its digest, as canonical JSON.

    Canonical are sorted keys, no spaces, UTF-8 without escapes but those that JSON requires, and numbers as Python
    writes them.
    """
    others = {key: value for key, value in card.items() if key != DIGEST}
    text = json.dumps(others, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def card_text(card: Mapping[str, Any]) -> bytes:
    """The content of `card.json`. The same card has one text only, so that a changed space is damage, too."""
    return (json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
