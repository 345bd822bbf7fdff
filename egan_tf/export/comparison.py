"""What two forms of a generator are compared by: inputs, differences, and how large a difference may be."""

from __future__ import annotations

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
"""Largest difference of a file that computes in float32 from the float32 model, for samples within [-1, 1]; in
proportion for larger ones."""

ROUNDING_LIMIT = 1e-3
"""What may be added to a bound for the generator's own rounding: an eighth of a level of 255."""


class Bound(NamedTuple):
    """How much samples may differ, for samples within [-1, 1]; in proportion for larger ones.

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


FLOAT32 = Bound(TOLERANCE, TOLERANCE)


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


def scale_of(samples: np.ndarray) -> float:
    """What a bound is multiplied by: the largest absolute value, at least 1."""
    return max(1.0, float(np.abs(samples).max()))


def difference(samples: np.ndarray, expected: np.ndarray, bound: Bound, scale: float | None = None) -> Difference:
    """Compares samples; shapes and types must be equal.

    Args:
        samples: what is compared.
        expected: float32 [batch, ...], what it should be.
        bound: of their difference.
        scale: what the bound is multiplied by; by default `scale_of(expected)`.
    """
    if samples.shape != expected.shape or samples.dtype != np.float32:
        found = f"{samples.dtype} {list(samples.shape)}"
        problem = f"makes {found} where it makes float32 {list(expected.shape)}"
        return Difference(float("nan"), float("nan"), problem)
    gap = np.abs(samples.astype(np.float64) - expected)
    scale = scale_of(expected) if scale is None else scale
    largest, rms = float(gap.max()), float(np.sqrt(np.mean(np.square(gap))))
    if not largest <= bound.largest * scale:  # so that NaN fails too
        return Difference(largest, rms, f"differs by {largest:.3g}, allowed {bound.largest * scale:.3g}")
    if not rms <= bound.rms * scale:
        allowed = f"{bound.rms * scale:.3g}"
        return Difference(largest, rms, f"differs by {rms:.3g} (root mean square), allowed {allowed}")
    return Difference(largest, rms, "")
