"""The noise of a seed, by the name that the metadata of an export give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from egan_tf.sampling.counter_noise import CounterRows
from egan_tf.sampling.numpy_noise import numpy_rows
from egan_tf.utils.checks import format_value, integer, require

DISTRIBUTIONS = ("normal", "uniform")
"""The distributions of one number: N(0, 1), or uniform in (-1, 1); numpy_philox also draws -1."""

MAX_SAMPLES = 1 << 63
"""Samples of a seed."""


class Rows(Protocol):
    """Rows of noise in their order."""

    def draw(self, count: int) -> np.ndarray:
        """The next `count` rows, float32 [count, latent_size]; the cut between two calls changes no row."""


class Noise(NamedTuple):
    """A function from seeds to noise, to the bit.

    Attributes:
        version: changes with the bits.
        rows: maps (distribution, seed, start, latent_size) to the rows from `start` on.
        has_vectors: whether an export carries test vectors of it; see `egan_tf.sampling.noise_vectors`.
    """

    version: int
    rows: Callable[[str, int, int, int], Rows]
    has_vectors: bool


NOISES = {
    "philox4x32": Noise(1, CounterRows, True),
    "numpy_philox": Noise(1, numpy_rows, False),
}
"""By name: the noise that exports are written with now, and that of earlier ones."""
NOISE, FIRST_NOISE = "philox4x32", "numpy_philox"


def check_seed(seed: Any) -> int:
    """Returns the seed; raises `InputError` unless it is an integer of at least 0."""
    return integer("seed", seed, minimum=0)


def check_start(start: Any, count: int) -> int:
    """Returns the number of the first of `count` samples; raises `InputError` unless a seed has all of them."""
    require(count <= MAX_SAMPLES, "count", f"must be at most {MAX_SAMPLES}, got {format_value(count)}")
    return integer("start", start, 0, MAX_SAMPLES - count)


def seed_text(seed: int) -> str:
    """A seed for messages and files: decimal, or hexadecimal where Python writes no decimal digits."""
    try:
        return str(seed)
    except ValueError:
        return hex(seed)
