"""What two forms of a generator are compared by: inputs, differences, and how large a difference may be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from egan_tf.sampling.spec import SamplingSpec

BATCH_SIZES = (1, 7, 64)
SEED = 0
"""Of the noise of the comparison."""

SEEDED_CALLS = ((0, 0, 1), (3, (1 << 32) - 2, 7))
"""Seeds, first samples and counts; the samples of the second call have numbers of 32 and of 33 bits."""

TOLERANCE = 1e-5
"""Largest difference of a file that computes in float32 from the float32 model, in units of `scale_of`."""

_RESOLUTION = 4 * 2.0**-23
"""What a file in float32 may differ by whatever it computes, relative to the largest value of its range: four units in
the last place. Only ranges far from 0, such as (100, 101), have more of it than `TOLERANCE`."""

ROUNDING_LIMIT = 1e-3
"""What may be added to a bound for the generator's own rounding: an eighth of a level of 255."""


class Bound(NamedTuple):
    """How much samples may differ, in units of `scale_of`.

    Attributes:
        largest: of any number.
        rms: root mean square over all numbers.
    """

    largest: float
    rms: float

    def __add__(self, other: tuple[float, ...]) -> Bound:  # type: ignore[override]
        """The bound of two forms that each may differ from a third one."""
        return Bound(self.largest + other[0], self.rms + other[1])


class Difference(NamedTuple):
    """How much samples differ.

    Attributes:
        largest: absolute difference of any number.
        rms: root mean square over all numbers.
        problem: why this is too much, in a phrase; "" if it is not.
    """

    largest: float
    rms: float
    problem: str


def float32_bound(spec: SamplingSpec) -> Bound:
    """The bound of files that compute in float32: `TOLERANCE`, or what float32 resolves in the value range."""
    farthest = max(map(abs, spec.value_range or (0.0, 0.0)))
    most = max(TOLERANCE, _RESOLUTION * farthest / half_width(spec))
    return Bound(most, most)


def verification_inputs(spec: SamplingSpec) -> list[tuple[np.ndarray, ...]]:
    """The inputs of the comparison, for each of `BATCH_SIZES`: noise float32 [batch, latent_size], and labels int32
    [batch] that take turns if the generator takes them."""
    start, found = 0, []
    for size in BATCH_SIZES:
        labels = [np.arange(start, start + size, dtype=np.int32) % spec.classes] if spec.classes else []
        found.append((spec.rows(SEED, start).draw(size), *labels))
        start += size
    return found


def noise_problem(noise_fn: Callable[[int, int, int], np.ndarray], spec: SamplingSpec) -> str:
    """How a function of (seed, start, count) differs from the noise of the generator, in a phrase; "" if in no bit."""
    for seed, start, count in SEEDED_CALLS:
        expected, found = spec.rows(seed, start).draw(count), noise_fn(seed, start, count)
        if found.dtype != expected.dtype or found.tobytes() != expected.tobytes():
            return f"makes other noise of seed {seed}, from sample {start}"
    return ""


def half_width(spec: SamplingSpec) -> float:
    """Half the width of the value range; 1 without one."""
    low, high = spec.value_range or (-1.0, 1.0)
    return max(high / 2 - low / 2, sys.float_info.min)


def scale_of(samples: np.ndarray, spec: SamplingSpec) -> float:
    """The unit of bounds: `magnitude`, and at most half the width of the value range, if there is one."""
    return magnitude(samples) if spec.value_range is None else min(magnitude(samples), half_width(spec))


def magnitude(samples: np.ndarray) -> float:
    """The largest absolute value, at least 1."""
    return max(1.0, float(np.abs(samples).max()))


def difference(samples: np.ndarray, expected: np.ndarray, bound: Bound, scale: float = 1.0) -> Difference:
    """Compares samples; shapes and types must be equal.

    Args:
        samples: what is compared.
        expected: float32 [batch, ...], what it should be.
        bound: of their difference, in units of `scale`.
        scale: of `scale_of`, or of `Format.scale`.
    """
    if samples.shape != expected.shape or samples.dtype != np.float32:
        found = f"{samples.dtype} {list(samples.shape)}"
        problem = f"makes {found} where it makes float32 {list(expected.shape)}"
        return Difference(float("nan"), float("nan"), problem)
    gap = np.abs(samples.astype(np.float64) - expected)
    largest, rms = float(gap.max()), float(np.sqrt(np.mean(np.square(gap))))
    if not largest <= bound.largest * scale:  # so that NaN fails too
        return Difference(largest, rms, f"differs by {largest:.3g}, allowed {bound.largest * scale:.3g}")
    if not rms <= bound.rms * scale:
        allowed = f"{bound.rms * scale:.3g}"
        return Difference(largest, rms, f"differs by {rms:.3g} (root mean square), allowed {allowed}")
    return Difference(largest, rms, "")
