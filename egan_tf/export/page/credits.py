"""What a page says of the licences and the authors of its generator and of the training data: what the card states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DATA_KEYS = ("name", "license", "source", "citation")
"""Of a card's `data`: licences such as CC BY ask that a copy names source and authors."""

_UNKNOWN = "unknown"  # as `egan_tf.data.about` has it, which the base install need not load


def credits_of(card: Mapping[str, Any] | None) -> dict[str, Any]:
    """The licence of the weights, and facts about the training data; None for each that the card does not state.

    Args:
        card: of an export; None if there is none.
    """
    stated = card or {}
    data = stated.get("data")
    facts: Mapping[str, Any] = data if isinstance(data, dict) else {}
    return {
        "license": _text(stated.get("license")),
        "training_data": {key: _text(facts.get(key)) for key in DATA_KEYS},
    }


def describe_credits(found: Mapping[str, Any]) -> list[str]:
    """Two lines for people, of the generator and of its training data, from what `credits_of` returns."""
    data = found["training_data"]
    of_data = [data["name"] or "not named", f"licence: {data['license'] or 'not stated'}"]
    of_data += [f"{key}: {data[key]}" for key in ("source", "citation") if data[key]]
    return [
        f"Generator: licence of the weights: {found['license'] or 'not stated'}.",
        f"Training data: {'; '.join(of_data)}.",
    ]


def _text(value: Any) -> str | None:
    """A text in one line of UTF-8; None for what states nothing."""
    if not isinstance(value, str) or value == _UNKNOWN:
        return None
    return " ".join(value.split()).encode("utf-8", "replace").decode("utf-8") or None
