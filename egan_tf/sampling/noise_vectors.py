"""Test vectors of the noise: the first numbers of a few samples, by which an implementation checks itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from egan_tf.sampling.noise import DISTRIBUTIONS, MAX_SAMPLES, NOISES
from egan_tf.utils.checks import InputError, format_value, integer, one_of, require

PLACES = ((0, 0), (1, 0), (0, 1), (2024, 1_000_000), (2**53 - 1, 2**53 - 1))
"""Seeds and numbers of samples; JSON numbers of any language hold them."""
NUMBERS = 8
"""Of each sample; they do not depend on how many a generator takes."""
MAX_VECTORS, MAX_NUMBERS = 16, 64


def noise_vectors(noise: str, distribution: str) -> list[dict[str, Any]]:
    """The test vectors of a noise as JSON values.

    Args:
        noise: in `NOISES`.
        distribution: "normal" or "uniform".

    Returns:
        Dictionaries of `seed`, `start` (the number of the sample) and `numbers`, float32 numbers in full.
    """
    return [
        {"seed": seed, "start": start, "numbers": _numbers(noise, distribution, seed, start, NUMBERS).tolist()}
        for seed, start in PLACES
    ]


def check_noise(noise: Any, version: Any, vectors: Any, distribution: Any) -> None:
    """Raises `InputError` unless this version of egan_tf makes a noise, and test vectors are what it makes.

    Args:
        noise: the name that a file or card states.
        version: that it states.
        vectors: those that it states, as `noise_vectors` returns them; of no matter for a noise without vectors.
        distribution: that it states.
    """
    known = isinstance(noise, str) and noise in NOISES and version == NOISES[noise].version
    found = f"{format_value(noise)}, version {format_value(version)}"
    require(known, "noise", f"is {found}, which this version of egan_tf cannot make; upgrade egan_tf")
    if NOISES[noise].has_vectors:
        _check_vectors(vectors, noise, one_of("distribution", distribution, DISTRIBUTIONS))


def _check_vectors(vectors: Any, noise: str, distribution: str) -> None:
    listed = isinstance(vectors, list) and 0 < len(vectors) <= MAX_VECTORS
    require(listed, "noise_vectors", f"must be 1 to {MAX_VECTORS} vectors, got {format_value(vectors)}")
    for vector in vectors:
        try:
            seed = integer("seed", vector["seed"], minimum=0)
            start = integer("start", vector["start"], 0, MAX_SAMPLES - 1)
            expected = np.array(vector["numbers"], np.float32)
            valid = expected.ndim == 1 and 0 < expected.size <= MAX_NUMBERS
        except (InputError, KeyError, TypeError, ValueError, OverflowError):
            valid = False
        require(valid, "noise_vectors", f"has {format_value(vector)}, which is no test vector")
        found = _numbers(noise, distribution, seed, start, expected.size)
        same = found.tobytes() == expected.tobytes()
        require(same, "noise_vectors", f"differ from the noise of seed {seed}, sample {start}, on this machine")


def _numbers(noise: str, distribution: str, seed: int, start: int, count: int) -> np.ndarray:
    """The first numbers of a sample, float32 [count]."""
    return NOISES[noise].rows(distribution, seed, start, count).draw(1)[0]
