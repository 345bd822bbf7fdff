"""The seeds of a sweep as they are written, such as `0-4 7`."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.utils.checks import format_value, require

MAX_SWEPT_SEED = 2**53 - 1
"""The storage keeps parameters as 64-bit floats."""


def format_seeds(seeds: Sequence[int]) -> str:
    """Rising seeds as `parse_seeds` reads them, `0-4 7`."""
    known = set(seeds)
    firsts, lasts = ([seed for seed in seeds if seed + step not in known] for step in (-1, 1))
    return " ".join(str(low) if low == high else f"{low}-{high}" for low, high in zip(firsts, lasts, strict=True))


def parse_seeds(texts: Sequence[str]) -> list[int]:
    """The seeds of `0-9`, `3` and the like, in order.

    Raises:
        InputError: a text has another form, or a seed is named twice.
    """
    seeds: list[int] = []
    for text in texts:
        low, dash, high = text.partition("-")
        valid = all(part.isascii() and part.isdigit() and len(part) < 17 for part in ([low, high] if dash else [low]))
        require(valid, "seeds", f"must be numbers or ranges such as 0-9, got {format_value(text)}")
        first, last = int(low), int(high) if dash else int(low)
        require(first <= last <= MAX_SWEPT_SEED, "seeds", f"must rise, up to 2^53 - 1, got {format_value(text)}")
        require(last - first < 10_000, "seeds", f"{format_value(text)} are over 10,000")
        seeds += range(first, last + 1)
    require(len(seeds) == len(set(seeds)), "seeds", "a seed is named twice")
    return seeds
