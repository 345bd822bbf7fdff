"""Philox4x32-10, the counter-based generator of Salmon et al. 2011 (Parallel random numbers: as easy as 1, 2, 3).

A pure function of a 64-bit key and a 128-bit counter: every block of four words is made by itself, in any order.
"""

from __future__ import annotations

import numpy as np

ROUNDS = 10
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
"""What the two halves of the key grow by in every round: the golden ratio and the square root of 3, less 1."""
WORD = 0xFFFFFFFF
"""The largest word."""

_SHIFT, _WORD = np.uint64(32), np.uint64(WORD)

Words = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Four arrays uint64 of words, numbers below 2^32; as a counter the least significant word first."""


def philox(counter: Words, key: int) -> Words:
    """The four words of each counter, in arrays of the shape that the counter's broadcast to.

    Args:
        counter: of the same number of dimensions.
        key: below 2^64.
    """
    c0, c1, c2, c3 = counter
    m0, m1 = (np.uint64(multiplier) for multiplier in MULTIPLIERS)
    for k0, k1 in round_keys(key):
        # The words 1 and 3 keep the high halves of their products until they are multiplied themselves.
        first, second = c0 * m0, c2 * m1
        c0 = (second >> _SHIFT) ^ (c1 ^ np.uint64(k0)) & _WORD
        c2 = (first >> _SHIFT) ^ (c3 ^ np.uint64(k1)) & _WORD
        c1, c3 = second, first
    return c0, c1 & _WORD, c2, c3 & _WORD


def round_keys(key: int) -> list[tuple[int, int]]:
    """The two words of the key in each round; the first are the low and the high half of the key."""
    words = key & WORD, key >> 32
    return [((words[0] + turn * WEYL[0]) & WORD, (words[1] + turn * WEYL[1]) & WORD) for turn in range(ROUNDS)]


def key_of(seed: int) -> int:
    """The key of a seed of at least 0: the seed itself below 2^64, otherwise all of its bits hashed by Philox.

    A longer seed is cut into parts of 64 bits, the least significant first. The key is part 0; then, for each part
    i = 1, 2, ..., the first two words of Philox at the counter (low half of the part, high half, i, 2^32 - 1), low word
    first. Noise uses no counter whose last word is 2^32 - 1.
    """
    parts = [seed >> shift & (1 << 64) - 1 for shift in range(0, max(seed.bit_length(), 1), 64)]
    key = parts[0]
    for i, part in enumerate(parts[1:], 1):
        counter = tuple(np.array([word], np.uint64) for word in (part & WORD, part >> 32, i, WORD))
        low, high, *_ = philox(counter, key)  # type: ignore[arg-type]
        key = int(low[0]) | int(high[0]) << 32
    return key
