"""Compares a written format with the generator that it was written from, on the same noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.evolution.stateless import assigned_weights, forward_pass, state_of
from egan_tf.export.comparison import (
    BATCH_SIZES,
    TOLERANCE,
    Bound,
    Difference,
    difference,
    scale_of,
    verification_inputs,
)
from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.running import layer_errors, run_on_cpu
from egan_tf.export.source import Source
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError

REDUCED = Bound(2.0, 0.03)
"""Largest and root mean square difference of the float32 copy from a generator in bfloat16 or float16, by `scale_of`.

bfloat16 keeps 8 bits, a relative step of 2^-8 = 0.004 at every operation: that moved all pixels of a small
convolutional generator by 0.006, and of a residual one of 64x64 pixels, after 6,100 generations, by 0.010, root mean
square (float16: 0.0013). A generator in the wrong mode, or without one of its weights, moves all of them by tenths.
Single pixels at an edge may cross much of the range, by 0.35 there, and the more the more are compared; so of a single
one nothing is asked: 2 is the whole range.
"""

ASSIGNMENT_TOLERANCE = 0.1
"""Largest root mean square difference, relative to the samples, by what layers assign to their weights in training.

One optimizer step after the last assignment moves a spectrally normalized layer by about a percent."""


class ExportMismatchError(InputError):
    """A written format computes other samples than the generator; nothing was exported."""

    def __init__(self, problem: str) -> None:
        """Args: problem: one line."""
        super().__init__("generator", problem)


def verify_format(name: str, format_: Format, sample_fn: SampleFn, source: Source) -> dict[str, Any]:
    """Compares a written format with the generator, for every batch size.

    Args:
        name: of the format, for the message.
        format_: says how much its samples may differ.
        sample_fn: the format, loaded again.
        source: the generator.

    Returns:
        The card's entry: batch sizes, largest absolute and root mean square difference, and how much was `allowed`.

    Raises:
        ExportMismatchError: the samples differ by more than the bound of the format.
    """
    inputs = verification_inputs(source.spec)
    expected = [format_.expected(run_on_cpu(source.model, *each), source.spec) for each in inputs]
    bound = format_.bound(source.spec) + source.rounding
    scale = max(format_.scale(each, source.spec) for each in expected)
    found = [
        compare(name, sample_fn(*given), wanted, bound, scale) for given, wanted in zip(inputs, expected, strict=True)
    ]
    squares = sum(each.rms**2 * wanted.size for each, wanted in zip(found, expected, strict=True))
    return {
        "batch_sizes": list(BATCH_SIZES),
        "largest_difference": max(each.largest for each in found),
        "rms_difference": (squares / sum(wanted.size for wanted in expected)) ** 0.5,
        **allowed(bound, scale),
    }


def allowed(bound: Bound, scale: float) -> dict[str, float]:
    """The card's entries of how much was allowed: in the units of the samples, as the differences are.

    `scale` tells receivers what the bound was multiplied by; entries of earlier versions have none, and were not.
    """
    return {"tolerance": bound.largest * scale, "rms_tolerance": bound.rms * scale, "scale": scale}


def verify_source(source: Source) -> dict[str, Any] | None:
    """Checks the generator itself: finite samples within its value range, and the float32 copy if there is one.

    Returns:
        The card's entry for the float32 copy; None for a generator that computes in float32.

    Raises:
        ExportMismatchError: a sample is not finite or out of range, the float32 copy differs too much, or the generator
            in training mode is another function.
    """
    _check_training_mode(source)
    inputs = verification_inputs(source.spec)
    samples = [run_on_cpu(source.model, *each) for each in inputs]
    for made in samples:
        _check_values(made, source.spec)
    if source.model is source.original:
        return None
    originals = [run_on_cpu(source.original, *each) for each in inputs]
    scale = max(scale_of(original, source.spec) for original in originals)
    found = [
        compare("float32 copy", made, original, REDUCED, scale)
        for made, original in zip(samples, originals, strict=True)
    ]
    return {"largest_difference": max(each.largest for each in found), **allowed(REDUCED, scale)}


def _check_training_mode(source: Source) -> None:
    """Compares with the function that training used, where layers assign to their own weights in training mode.

    The discriminator judged samples made after such assignments. A generator whose weights lack them, as one that was
    trained on without them, samples from another function.
    """
    model, inputs = source.original, verification_inputs(source.spec)[-1]
    with tf.device("CPU:0"):
        before, (noise, labels) = state_of(model), [*map(tf.constant, inputs), None][:2]
        try:
            after = forward_pass(model, before, noise, labels, training=True).after
        except Exception:  # a layer without a training mode assigns nothing in it
            return
        if not assigned_weights(before, after):
            return
        with layer_errors("cannot compute with weights that are given"):
            judged = forward_pass(model, before._replace(trainable=after.trainable), noise, labels, training=False)
    expected = tf.cast(judged.outputs, tf.float32).numpy()
    difference = run_on_cpu(model, *inputs) - expected
    relative = float(np.sqrt(np.mean(np.square(difference)) / max(np.mean(np.square(expected)), 1e-12)))
    if not relative <= ASSIGNMENT_TOLERANCE:
        raise ExportMismatchError(
            f"makes samples that differ by {relative:.2g} (root mean square, relative) from those in training mode, in "
            "which its layers assign to their own weights; call it once with training=True before the export"
        )


def compare(name: str, samples: np.ndarray, expected: np.ndarray, bound: Bound, scale: float) -> Difference:
    """The difference of samples; `name` is who makes them, for the message; `scale` is the unit of the bound.

    Raises:
        ExportMismatchError: it exceeds the bound.
    """
    found = difference(samples, expected, bound, scale)
    if found.problem:
        raise ExportMismatchError(f"its {name} {found.problem}; batch {len(expected)}")
    return found


def _check_values(samples: np.ndarray, spec: SamplingSpec) -> None:
    if not np.isfinite(samples).all():
        raise ExportMismatchError("makes samples that are not finite")
    if spec.value_range is None:
        return
    low, high = spec.value_range
    slack = TOLERANCE * (high - low)
    if samples.min() < low - slack or samples.max() > high + slack:
        found = f"[{samples.min():.3g}, {samples.max():.3g}]"
        raise ExportMismatchError(f"makes samples in {found}, outside its value range [{low:g}, {high:g}]")
