"""Rows per call: how many rows of noise onnxruntime gets at once, which the metadata of a file state.

Sample i is always row i % rows of a call of this size: kernels that onnxruntime chooses by batch size cannot change its
last bits, whatever the count. An export measures which number is fast, and fixes it in the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, integer

ROWS = 32
"""Of files that state none: those of earlier versions, whose pictures stay as they are."""

MAX_ROWS = 1024
"""A single sample costs a whole call, and a file that somebody else wrote must not choose how much memory it takes."""

_ENTRY = "egan_tf.rows_per_call"

_NOISE_NUMBERS = 1 << 17
"""Numbers of noise drawn at once, more than a call of onnxruntime takes: numpy is slow in small pieces."""


def check_rows(value: Any) -> int:
    """The rows of a call; raises `InputError` unless it is a whole number from 1 to `MAX_ROWS`."""
    return integer("rows_per_call", value, 1, MAX_ROWS)


def rows_metadata(rows: int) -> dict[str, str]:
    """The metadata entry that `rows_of` reads."""
    return {_ENTRY: json.dumps(check_rows(rows))}


def rows_of(metadata: Mapping[str, str]) -> int:
    """The rows of a call that the metadata of an ONNX file state; `ROWS` if they state none.

    Raises:
        InputError: the entry is no whole number from 1 to `MAX_ROWS`. `field` is "metadata".
    """
    if _ENTRY not in metadata:
        return ROWS
    try:
        return check_rows(json.loads(metadata[_ENTRY]))
    except InputError as error:
        raise InputError("metadata", f"damaged: {error}; export again") from error
    except (ValueError, RecursionError) as error:
        raise InputError("metadata", "damaged: rows_per_call is no number; export again") from error


def call_noise(spec: SamplingSpec, rows: int, seed: int, start: int, calls: int) -> Iterator[np.ndarray]:
    """Yields the noise of each call, float32 [rows, latent_size], from row `start` of the seed on."""
    source, most = spec.rows(seed, start), max(1, _NOISE_NUMBERS // (rows * spec.latent_size))
    for first in range(0, calls, most):
        drawn = source.draw(rows * min(most, calls - first))
        yield from (drawn[top : top + rows] for top in range(0, len(drawn), rows))
