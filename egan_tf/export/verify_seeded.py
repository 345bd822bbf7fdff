"""Compares the functions of seeds that a format holds with the noise of the sampler and with the generator."""

from __future__ import annotations

import numpy as np

from egan_tf.export.comparison import SEEDED_CALLS, float32_bound, noise_problem, scale_of
from egan_tf.export.formats.base import SeededFunctions
from egan_tf.export.running import run_on_cpu
from egan_tf.export.source import Source
from egan_tf.export.verify import ExportMismatchError, compare
from egan_tf.sampling.pictures import to_pixels

MAX_LEVELS = 1
"""Largest difference of a byte: samples that differ by rounding may lie on both sides of a half."""


def verify_seeded(name: str, functions: SeededFunctions, source: Source) -> dict[str, float]:
    """Compares noise to the bit, samples to the tolerance of the export, and bytes to `MAX_LEVELS`.

    Args:
        name: of the format, for the message.
        functions: of the format, loaded again.
        source: the generator.

    Returns:
        The card's entry: the largest difference of each function.

    Raises:
        ExportMismatchError: one differs by more.
    """
    spec, largest = source.spec, dict.fromkeys(_names(functions), 0.0)
    bound = float32_bound(spec) + source.rounding
    problem = noise_problem(functions.noise, spec)
    if problem:
        raise ExportMismatchError(f"its {name} {problem}")
    for seed, start, count in SEEDED_CALLS:
        noise = spec.rows(seed, start).draw(count)
        labels = [np.arange(count, dtype=np.int32) % spec.classes] if spec.classes else []
        expected = run_on_cpu(source.model, noise, *labels)
        sampled = functions.sample(seed, start, count, *labels)
        gap = compare(f"{name} of a seed", sampled, expected, bound, scale_of(expected, spec))
        found: dict[str, float] = {"sample": gap.largest}
        if functions.sample_uint8 is not None:
            found["sample_uint8"] = _levels(name, functions.sample_uint8(seed, start, count, *labels), expected, source)
        if functions.serve_uint8 is not None:
            found["serve_uint8"] = _levels(name, functions.serve_uint8(noise, *labels), expected, source)
        largest = {key: max(value, found.get(key, 0.0)) for key, value in largest.items()}
    return largest


def _names(functions: SeededFunctions) -> list[str]:
    return [name for name, function in functions._asdict().items() if function is not None]


def _levels(name: str, pixels: np.ndarray, samples: np.ndarray, source: Source) -> int:
    """The largest difference from the bytes of the samples."""
    expected = to_pixels(samples, source.spec)
    if pixels.dtype != np.uint8 or pixels.shape != expected.shape:
        found = f"{pixels.dtype} {list(pixels.shape)}"
        raise ExportMismatchError(f"its {name} makes {found} where its samples are uint8 {list(expected.shape)}")
    levels = int(np.abs(pixels.astype(np.int16) - expected).max())
    if levels > MAX_LEVELS:
        raise ExportMismatchError(f"its {name} differs by {levels} of 255 levels, allowed {MAX_LEVELS}")
    return levels
