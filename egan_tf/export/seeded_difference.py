"""Compares the functions of seeds that a format holds with the noise of the sampler, and with samples of that noise."""

from __future__ import annotations

import numpy as np

from egan_tf.export.comparison import SEEDED_CALLS, Bound, difference, noise_problem, scale_of
from egan_tf.export.formats.base import SampleFn, SeededFunctions
from egan_tf.sampling.pictures import to_pixels
from egan_tf.sampling.spec import SamplingSpec

MAX_LEVELS = 1
"""Largest difference of a byte: samples that differ by rounding may lie on both sides of a half."""


class SeededDifferenceError(Exception):
    """A function of seeds, or in bytes, computes something else; the message is a phrase that names it."""


def seeded_difference(
    functions: SeededFunctions, sample_fn: SampleFn, spec: SamplingSpec, bound: Bound
) -> dict[str, float]:
    """Compares noise to the bit, samples to a bound, and bytes to `MAX_LEVELS`.

    Args:
        functions: of the format, loaded again.
        sample_fn: what the samples of noise should be.
        spec: of the generator.
        bound: of samples, in units of `scale_of`.

    Returns:
        The largest difference of each function.

    Raises:
        SeededDifferenceError: one differs by more.
    """
    largest = {name: 0.0 for name, function in functions._asdict().items() if function is not None}
    problem = noise_problem(functions.noise, spec)
    if problem:
        raise SeededDifferenceError(problem)
    for seed, start, count in SEEDED_CALLS:
        noise = spec.rows(seed, start).draw(count)
        labels = [np.arange(count, dtype=np.int32) % spec.classes] if spec.classes else []
        expected, place = sample_fn(noise, *labels), (seed, start, count)
        gap = difference(functions.sample(*place, *labels), expected, bound, scale_of(expected, spec))
        if gap.problem:
            raise SeededDifferenceError(f"sample of a seed {gap.problem}")
        found: dict[str, float] = {"sample": gap.largest}
        if functions.sample_uint8 is not None:
            found["sample_uint8"] = _levels("sample_uint8", functions.sample_uint8(*place, *labels), expected, spec)
        if functions.serve_uint8 is not None:
            found["serve_uint8"] = _levels("serve_uint8", functions.serve_uint8(noise, *labels), expected, spec)
        largest = {key: max(value, found.get(key, 0.0)) for key, value in largest.items()}
    return largest


def _levels(name: str, pixels: np.ndarray, samples: np.ndarray, spec: SamplingSpec) -> int:
    """The largest difference from the bytes of the samples; `name` is the function, for the message."""
    expected = to_pixels(samples, spec)
    if pixels.dtype != np.uint8 or pixels.shape != expected.shape:
        found = f"{pixels.dtype} {list(pixels.shape)}"
        raise SeededDifferenceError(f"{name} makes {found} where the samples are uint8 {list(expected.shape)}")
    levels = int(np.abs(pixels.astype(np.int16) - expected).max())
    if levels > MAX_LEVELS:
        raise SeededDifferenceError(f"{name} differs by {levels} of 255 levels, allowed {MAX_LEVELS}")
    return levels
