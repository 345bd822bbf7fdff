"""Test vectors of a generator in its card: numbers of some samples, to be compared without any other file.

They also serve whoever samples in another language: the noise of the seed is specified, see `egan_tf.sampling.noise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from egan_tf.export.comparison import SEED
from egan_tf.sampling.spec import SamplingSpec

COUNT = 4
"""Samples: the first of the seed; of a class-conditional generator with the labels 0, 1, ..., which take turns."""
MAX_POSITIONS = 8
"""Positions in each sample, evenly spaced; at a position of an image all its channels."""


def sample_vectors(samples: np.ndarray, spec: SamplingSpec) -> dict[str, Any]:
    """The entry of the card.

    Args:
        samples: of the Keras model, float32 [at least COUNT, *sample_shape], of the noise of `SEED`.
        spec: of the generator.
    """
    positions = _positions(spec)
    labels = {"labels": [label % spec.classes for label in range(COUNT)]} if spec.classes else {}
    values = at_positions(samples[:COUNT], positions)
    # Nine digits tell float32 numbers apart.
    return {
        "seed": SEED,
        **labels,
        "positions": positions,
        "values": [[[float(f"{number:.9g}") for number in pixel] for pixel in sample] for sample in values],
    }


def at_positions(samples: np.ndarray, positions: list[int]) -> np.ndarray:
    """Numbers of samples [count, ..., channels]: [count, positions, channels], the other axes counted as one."""
    rows: np.ndarray = samples.reshape(len(samples), -1, samples.shape[-1])[:, positions]
    return rows


def read_vectors(entry: Mapping[str, Any], spec: SamplingSpec) -> tuple[list[int], np.ndarray]:
    """Positions and values, float32 [count, positions, channels], of the entry of a card.

    Raises:
        ValueError: it is none of these, or does not fit the generator.
    """
    positions, values = list(entry["positions"]), np.asarray(entry["values"], np.float32)
    fits = entry["seed"] == SEED and values.shape == (COUNT, len(positions), spec.sample_shape[-1])
    within = all(type(at) is int and 0 <= at < _places(spec) for at in positions)
    if not (fits and within and positions and np.isfinite(values).all()):
        raise ValueError("does not fit the generator")
    return positions, values


def _places(spec: SamplingSpec) -> int:
    return int(np.prod(spec.sample_shape[:-1], dtype=np.int64))


def _positions(spec: SamplingSpec) -> list[int]:
    count = min(MAX_POSITIONS, _places(spec))
    return [int(at) for at in np.linspace(0, _places(spec) - 1, count).round()]
