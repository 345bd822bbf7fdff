"""Compares what was written with the generator that it was written from, on the same noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from egan_tf.export.source import Source, run_on_cpu
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError

Run = Callable[[np.ndarray], np.ndarray]
"""Noise float32 [batch, latent_size] to samples float32 [batch, *sample_shape]."""

BATCH_SIZES = (1, 7, 64)

TOLERANCE = 1e-5
"""Largest difference of a file from the float32 model, for samples within [-1, 1]; in proportion for larger ones."""

REDUCED_TOLERANCE = 0.25
REDUCED_RMS_TOLERANCE = 0.03
"""Largest and root mean square difference of the float32 twin from a generator in bfloat16 or float16.

bfloat16 keeps 8 bits, a relative step of 2^-8 = 0.004 at every operation: on a small convolutional generator single
pixels moved by up to 0.06 and the whole by 0.006 (float16: 0.012 and 0.0013). A generator run in the wrong mode, or
with a weight lost, moves the whole by tenths."""


class ExportMismatchError(InputError):
    """What was written does not do what the generator does; nothing was published."""

    def __init__(self, problem: str) -> None:
        """Takes what is wrong, in one line."""
        super().__init__("generator", problem)


def verify(name: str, run: Run, source: Source) -> dict[str, Any]:
    """Compares one written format with the generator, for every batch size.

    Args:
        name: the format, for the message.
        run: the format, read back.
        source: the generator.

    Returns:
        What the card says about it: batch sizes, largest absolute difference, tolerance.

    Raises:
        ExportMismatchError: the samples differ by more than `TOLERANCE`.
    """
    worst = 0.0
    for noise in probe_noise(source.recipe):
        expected = run_on_cpu(source.model, noise)
        bound = TOLERANCE * _scale(expected)
        worst = max(worst, _difference(name, run(noise), expected, bound))
    return {"batch_sizes": list(BATCH_SIZES), "largest_difference": worst, "tolerance": TOLERANCE}


def verify_source(source: Source) -> dict[str, Any] | None:
    """Checks the generator itself: finite samples, within its value range, and a float32 twin that does as it does.

    Returns:
        What the card says about a float32 twin; None for a generator that computes in float32 already.

    Raises:
        ExportMismatchError: one of these does not hold.
    """
    worst = 0.0
    for noise in probe_noise(source.recipe):
        samples = run_on_cpu(source.model, noise)
        _check_values(samples, source.recipe)
        if source.model is not source.original:
            original, scale = run_on_cpu(source.original, noise), _scale(samples)
            worst = max(worst, _difference("float32 copy", samples, original, REDUCED_TOLERANCE * scale))
            rms = float(np.sqrt(np.mean(np.square(samples - original))))
            if not rms <= REDUCED_RMS_TOLERANCE * scale:
                raise ExportMismatchError(f"its float32 copy differs by {rms:.3g} (root mean square)")
    if source.model is source.original:
        return None
    return {"largest_difference": worst, "tolerance": REDUCED_TOLERANCE}


def probe_noise(recipe: SamplingSpec) -> list[np.ndarray]:
    """The noise to compare on, one float32 [batch, latent_size] for each of `BATCH_SIZES`."""
    generator = np.random.Generator(np.random.Philox(0))
    return [recipe.draw(generator, size) for size in BATCH_SIZES]


def _scale(samples: np.ndarray) -> float:
    return max(1.0, float(np.abs(samples).max()))


def _difference(name: str, samples: np.ndarray, expected: np.ndarray, bound: float) -> float:
    if samples.shape != expected.shape or samples.dtype != np.float32:
        made = f"{samples.dtype} {list(samples.shape)}"
        raise ExportMismatchError(f"its {name} makes {made} where it makes float32 {list(expected.shape)}")
    difference = float(np.abs(samples - expected).max())
    if not difference <= bound:  # so that NaN fails too
        raise ExportMismatchError(f"its {name} differs by {difference:.3g}, allowed {bound:.3g}; batch {len(expected)}")
    return difference


def _check_values(samples: np.ndarray, recipe: SamplingSpec) -> None:
    if not np.isfinite(samples).all():
        raise ExportMismatchError("makes samples that are not finite")
    if recipe.value_range is None:
        return
    low, high = recipe.value_range
    slack = TOLERANCE * (high - low)
    if samples.min() < low - slack or samples.max() > high + slack:
        found = f"[{samples.min():.3g}, {samples.max():.3g}]"
        raise ExportMismatchError(f"makes samples in {found}, outside its value range [{low:g}, {high:g}]")
