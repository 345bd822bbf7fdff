"""Compares a written format with the generator that it was written from, on the same noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.evolution.stateless import assigned_weights, forward_pass, state_of
from egan_tf.export.formats.base import SampleFn
from egan_tf.export.source import Source, run_on_cpu
from egan_tf.sampling.noise import noise_generator
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError

BATCH_SIZES = (1, 7, 64)

TOLERANCE = 1e-5
"""Largest difference of a file from the float32 model, for samples within [-1, 1]; in proportion for larger ones."""

REDUCED_TOLERANCE = 0.25
REDUCED_RMS_TOLERANCE = 0.03
"""Largest and root mean square difference of the float32 copy from a generator in bfloat16 or float16.

bfloat16 keeps 8 bits, a relative step of 2^-8 = 0.004 at every operation: on a small convolutional generator single
pixels moved by up to 0.06 and all of them by 0.006 (float16: 0.012 and 0.0013), root mean square. A generator in the
wrong mode, or without one of its weights, moves all of them by tenths."""


ASSIGNMENT_TOLERANCE = 0.1
"""Largest root mean square difference, relative to the samples, by what layers assign to their weights in training.

One optimizer step after the last assignment moves a spectrally normalized layer by about a percent."""


class ExportMismatchError(InputError):
    """A written format computes other samples than the generator; nothing was exported."""

    def __init__(self, problem: str) -> None:
        """Args: problem: one line."""
        super().__init__("generator", problem)


def verify_format(name: str, sample_fn: SampleFn, source: Source) -> dict[str, Any]:
    """Compares a written format with the generator, for every batch size.

    Args:
        name: of the format, for the message.
        sample_fn: the format, loaded again.
        source: the generator.

    Returns:
        The card's entry: batch sizes, largest absolute difference, tolerance.

    Raises:
        ExportMismatchError: the samples differ by more than `TOLERANCE`.
    """
    largest = 0.0
    for inputs in verification_inputs(source.spec):
        expected = run_on_cpu(source.model, *inputs)
        bound = TOLERANCE * _scale(expected)
        largest = max(largest, _difference(name, sample_fn(*inputs), expected, bound))
    return {"batch_sizes": list(BATCH_SIZES), "largest_difference": largest, "tolerance": TOLERANCE}


def verify_source(source: Source) -> dict[str, Any] | None:
    """Checks the generator itself: finite samples within its value range, and the float32 copy if there is one.

    Returns:
        The card's entry for the float32 copy; None for a generator that computes in float32.

    Raises:
        ExportMismatchError: a sample is not finite or out of range, the float32 copy differs too much, or the generator
            in training mode is another function.
    """
    _check_training_mode(source)
    largest = 0.0
    for inputs in verification_inputs(source.spec):
        samples = run_on_cpu(source.model, *inputs)
        _check_values(samples, source.spec)
        if source.model is not source.original:
            original, scale = run_on_cpu(source.original, *inputs), _scale(samples)
            largest = max(largest, _difference("float32 copy", samples, original, REDUCED_TOLERANCE * scale))
            rms = float(np.sqrt(np.mean(np.square(samples - original))))
            if not rms <= REDUCED_RMS_TOLERANCE * scale:
                raise ExportMismatchError(f"its float32 copy differs by {rms:.3g} (root mean square)")
    if source.model is source.original:
        return None
    return {"largest_difference": largest, "tolerance": REDUCED_TOLERANCE}


def _check_training_mode(source: Source) -> None:
    """Compares with the function that training used, where layers assign to their own weights in training mode.

    The discriminator judged samples made after such assignments. A generator whose weights lack them, as one that was
    trained on without them, samples from another function.
    """
    model, inputs = source.original, verification_inputs(source.spec)[-1]
    with tf.device("CPU:0"):
        before, (noise, labels) = state_of(model), [*map(tf.constant, inputs), None][:2]
        after = forward_pass(model, before, noise, labels, training=True).after
        if not assigned_weights(before, after):
            return
        judged = forward_pass(model, before._replace(trainable=after.trainable), noise, labels, training=False)
    expected = tf.cast(judged.outputs, tf.float32).numpy()
    difference = run_on_cpu(model, *inputs) - expected
    relative = float(np.sqrt(np.mean(np.square(difference)) / max(np.mean(np.square(expected)), 1e-12)))
    if not relative <= ASSIGNMENT_TOLERANCE:
        raise ExportMismatchError(
            f"makes samples that differ by {relative:.2g} (root mean square, relative) from those in training mode, in "
            "which its layers assign to their own weights; call it once with training=True before the export"
        )


def verification_inputs(spec: SamplingSpec) -> list[tuple[np.ndarray, ...]]:
    """The inputs of the comparison, for each of `BATCH_SIZES`: noise float32 [batch, latent_size], and labels int32
    [batch] that take turns if the generator takes them."""
    generator, start, found = noise_generator(0), 0, []
    for size in BATCH_SIZES:
        labels = [np.arange(start, start + size, dtype=np.int32) % spec.classes] if spec.classes else []
        found.append((spec.draw_noise(generator, size), *labels))
        start += size
    return found


def _scale(samples: np.ndarray) -> float:
    return max(1.0, float(np.abs(samples).max()))


def _difference(name: str, samples: np.ndarray, expected: np.ndarray, bound: float) -> float:
    if samples.shape != expected.shape or samples.dtype != np.float32:
        found = f"{samples.dtype} {list(samples.shape)}"
        raise ExportMismatchError(f"its {name} makes {found} where it makes float32 {list(expected.shape)}")
    difference = float(np.abs(samples - expected).max())
    if not difference <= bound:  # so that NaN fails too
        raise ExportMismatchError(f"its {name} differs by {difference:.3g}, allowed {bound:.3g}; batch {len(expected)}")
    return difference


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
