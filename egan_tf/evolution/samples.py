"""What real samples must be, the same for every kind of data: type, shape, range, labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.label_check import LabelFormat, check_label_values, label_format, tensor_labels
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.log_line import log_line

IMAGE_RANK = 3
FLOATS = ("bfloat16", "float16", "float32", "float64")
BYTES = "uint8"
"""Type of images whose values 0 to 255 stand for [−1, 1]; they become floats inside the step."""
_FLOAT_OF_BYTE = np.arange(256, dtype="float32") / np.float32(127.5) - np.float32(1.0)
KINDS = (
    "an array, a list, a tf.data.Dataset, a keras.utils.PyDataset, a generator or a function (generation, count) -> "
    "batch"
)


class SampleFormat(NamedTuple):
    """What the networks take.

    Attributes:
        shape: of one sample.
        labels: what one label must be; None if the networks take no labels.
    """

    shape: tuple[int, ...]
    labels: LabelFormat | None

    @classmethod
    def of(cls, sample_shape: tuple[int, ...], generator: keras.Model, discriminator: keras.Model) -> SampleFormat:
        """The format for samples of a shape and a pair of networks; raises `InputError` if their classes differ."""
        return cls(sample_shape, label_format(generator, discriminator))

    @property
    def label_shape(self) -> tuple[int | None, ...] | None:
        """The shape of one label; None if the networks take no labels."""
        return None if self.labels is None else self.labels.shape

    @property
    def is_image(self) -> bool:
        """Whether samples are images, whose values must be in [−1, 1]."""
        return len(self.shape) == IMAGE_RANK

    @property
    def limit(self) -> float:
        """The largest absolute value that a number of a sample may have; NaN and infinity exceed it."""
        return 1.0 if self.is_image else float(np.finfo("float32").max)


def parts(element: Any) -> tuple[Any, Any]:
    """Divides what the data yields into samples and labels (None if there are none).

    Raises:
        InputError: it is anything but samples, (samples,) or (samples, labels).
    """
    if not isinstance(element, tuple):
        element = (element,)
    if len(element) > 2:
        raise InputError("x", "yields (samples, labels, weights), but samples have no weights; leave the weights out")
    if not element or isinstance(element[0], Mapping | tuple):
        kind = type(element[0]).__name__ if element else "nothing"
        raise InputError("x", f"must yield samples or (samples, labels), not {kind}: choose the part to train on")
    return element[0], element[1] if len(element) == 2 else None


def check_dtype(dtype: str, expected: SampleFormat) -> None:
    """Raises `InputError` unless a type of numbers is floating-point, or uint8 for images."""
    also = f", or images of {BYTES}" if expected.is_image else ""
    require(
        dtype in FLOATS or (expected.is_image and dtype == BYTES),
        "x",
        f"must hold floating-point samples ({', '.join(FLOATS)}){also}, got {dtype}; for images of 0 to 255, use "
        "x / 127.5 - 1",
    )


def bytes_to_floats(samples: tf.Tensor) -> tf.Tensor:
    """Images of uint8 as float32 in [−1, 1], x / 127.5 − 1; other samples unchanged.

    From a table, so that the numbers are the same with and without XLA, which multiplies instead of dividing.
    """
    return tf.gather(tf.constant(_FLOAT_OF_BYTE), tf.cast(samples, tf.int32)) if samples.dtype == BYTES else samples


def host_bytes_to_floats(samples: np.ndarray) -> np.ndarray:
    """As `bytes_to_floats`, in host memory."""
    return _FLOAT_OF_BYTE[samples] if samples.dtype == BYTES else samples


def check_labels_given(given: bool, expected: SampleFormat) -> None:
    """Raises `InputError` if networks that take labels get none."""
    require(given or expected.label_shape is None, "y", "must hold labels: the networks are conditional")


def wrong_shape(got: Sequence[int | None], expected: tuple[int, ...]) -> InputError:
    """The error for samples that the discriminator cannot take."""
    return InputError("x", f"holds samples of shape {tuple(got)}, but the discriminator takes {expected}")


def as_array(field: str, value: Any, kinds: str = KINDS) -> np.ndarray:
    """The array that numpy makes of a value.

    Raises:
        InputError: it makes none, or loses something; the message names `kinds` as valid.
    """
    require(not isinstance(value, np.ma.MaskedArray), field, "is masked; fill it, or leave the masked samples out")
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise InputError(field, f"must be {kinds}, got {_kind(value)}") from error
    # Of an object that numpy does not know it makes an array of one object.
    if array.ndim == 0 and array.dtype == object:
        raise InputError(field, f"must be {kinds}, got {_kind(value)}")
    return array


def host_samples(x: Any, expected: SampleFormat) -> np.ndarray:
    """Samples in host memory, as an array.

    Args:
        x: anything that numpy makes an array of.
        expected: what the networks take.

    Returns:
        float32 [n, *shape], or uint8 for images of that type.

    Raises:
        InputError: it is no array of such numbers, or of another shape.
    """
    samples = as_array("x", x)
    check_dtype(samples.dtype.name, expected)
    require(samples.shape != (0,), "x", "holds no samples")  # an empty list, whose samples have no shape
    if samples.ndim == 0 or samples.shape[1:] != expected.shape:
        raise wrong_shape(samples.shape[1:], expected.shape)
    if samples.dtype == BYTES:
        return samples
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite, and is refused as that
        return samples.astype("float32", copy=False)


def host_labels(y: Any, count: int, expected: SampleFormat) -> np.ndarray | None:
    """Labels in host memory, as an array; None if the networks take none.

    Raises:
        InputError: they are no numbers, not as many as the samples, or not what the networks take, be it one of them.
    """
    check_labels_given(y is not None, expected)
    if y is None:
        return None
    labels = as_array("y", y, "an array of labels")
    require(labels.ndim > 0 and len(labels) == count, "y", f"holds {_length(labels)} labels for {count} samples")
    if expected.labels is None:
        return None
    if not tf.TensorShape(labels.shape[1:]).is_compatible_with(expected.label_shape):
        raise InputError("y", f"holds labels of shape {labels.shape[1:]}, but the networks take {expected.label_shape}")
    check_label_values("y", labels, expected.labels)
    return labels


def with_tensor_labels(data: Any, expected: SampleFormat) -> Any:
    """Samples, or (samples, labels), with the labels as a tensor that the networks take; batches unchanged.

    Raises:
        InputError: the labels are of another type or shape.
    """
    if type(data) is not tuple or expected.labels is None:  # batches are named tuples
        return data
    samples, labels = data
    return samples, tensor_labels(labels, samples.shape[0], expected.labels)


def labels_for_noise(labels: Any, count: int | None, expected: SampleFormat) -> tf.Tensor | None:
    """Labels to sample with; None for networks that take none.

    Args:
        labels: [count] or [count, *expected.label_shape], anything that numpy makes an array of; or a tensor of a
            graph, whose values are not looked at.
        count: rows of noise; None if that is unknown.
        expected: what the networks take.

    Raises:
        InputError: they are missing, or given without a use, not as many as the noise, of another shape, or not what
            the networks take.
    """
    conditional = expected.labels is not None
    problem = "must be given if, and only if, the networks are conditional"
    require((labels is not None) == conditional, "labels", problem)
    if expected.labels is None:
        return None
    symbolic = tf.is_symbolic_tensor(labels)
    found = labels if symbolic else as_array("labels", labels, "an array of labels")
    shape = expected.labels.shape
    wanted = [[count, *shape], *([[count]] if shape == (1,) else [])]
    fits = any(tf.TensorShape(found.shape).is_compatible_with(shape) for shape in wanted)
    require(fits, "labels", f"must be {wanted[0]}, one for each row of noise, got {tuple(found.shape)}")
    if symbolic:
        return labels
    check_label_values("labels", found, expected.labels)
    return tf.constant(found)


def say_unused_labels(y: Any, expected: SampleFormat) -> None:
    """Says in one line that labels have no use, if there are some for networks that take none."""
    if y is not None and expected.labels is None:
        log_line("y: the labels are not used, as the networks take none; networks with a second input use them")


def check_values(samples: np.ndarray, expected: SampleFormat) -> None:
    """Raises `InputError` unless samples [n, ...] are finite, and in [−1, 1] if they are images."""
    if samples.dtype == BYTES:
        return
    require(bool(np.isfinite(samples).all()), "x", "holds numbers that are not finite")
    if expected.is_image and samples.size:
        low, high = float(samples.min()), float(samples.max())
        require(low >= -1.0 and high <= 1.0, "x", f"holds images in [{low:g}, {high:g}]; scale them to [-1, 1] first")


def host_samples_and_labels(x: Any, y: Any, expected: SampleFormat) -> tuple[np.ndarray, np.ndarray | None]:
    """Real samples and labels given as arrays.

    Returns:
        As `host_samples`, n at least 1, and labels [n, ...]; None if the networks take none.

    Raises:
        InputError: they are no arrays, or cannot be used for training.
    """
    samples = host_samples(x, expected)
    check_values(samples, expected)
    require(len(samples) > 0, "x", "holds no samples")
    return samples, host_labels(y, len(samples), expected)


def tensor_samples(samples: Any, expected: SampleFormat, leading: int | None = None) -> tf.Tensor:
    """Samples in a tensor, in a graph or not, as float32 [leading, *shape], or uint8 for images of that type.

    Raises:
        InputError: they are of another type or shape.
    """
    check_dtype(samples.dtype.name, expected)
    shape = [leading, *expected.shape]
    if not samples.shape.is_compatible_with(shape):
        raise wrong_shape(samples.shape[1:], expected.shape)
    return as_training_type(tf.ensure_shape(samples, shape))


def as_training_type(samples: tf.Tensor) -> tf.Tensor:
    """Images of uint8 unchanged, as they take a quarter of the memory on their way to the device; others as float32."""
    return samples if samples.dtype == BYTES else tf.cast(samples, tf.float32)


def _kind(value: Any) -> str:
    return "a ragged list" if isinstance(value, list | tuple) else type(value).__name__


def _length(labels: np.ndarray) -> int:
    return len(labels) if labels.ndim else 1
