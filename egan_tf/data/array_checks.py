"""Checks of arrays of images and labels that a user gives as files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from egan_tf.data.options import CHANNELS
from egan_tf.utils.checks import InputError, format_value, repeated, require

MAX_CLASSES = 100_000
"""Classes that are named by their numbers; an exported generator has no more either."""


def image_shape(where: str, shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, int, int, int]:
    """[N, H, W, C] of an array [N, H, W, C] or [N, H, W] of grey images.

    Args:
        where: names the array in errors.
        shape: of the array.
        dtype: of the array.

    Raises:
        InputError: it is not uint8, or has another shape; the message says how to convert it.
    """
    require(dtype == np.uint8, "dataset", f"{where} must be uint8 in 0..255, and is {dtype}{_conversion(dtype)}")
    axes = "must be [N, H, W, C], or [N, H, W] of grey images"
    require(len(shape) in (3, 4), "dataset", f"{where} {axes}, and is {list(shape)}")
    require(0 not in shape, "dataset", f"{where} is empty: {list(shape)}")
    if len(shape) == 3:
        if shape[2] in CHANNELS:
            raise InputError("dataset", f"{where} {axes}, and {list(shape)} looks like a single picture [H, W, C]")
        return shape[0], shape[1], shape[2], 1
    if shape[3] not in CHANNELS:
        hint = ": [N, C, H, W]? then store images.transpose(0, 2, 3, 1)" if shape[1] in CHANNELS else ""
        raise InputError(
            "dataset", f"{where} must have 1, 3 or 4 channels on the last axis, and is {list(shape)}{hint}"
        )
    return shape[0], shape[1], shape[2], shape[3]


def label_array(where: str, labels: np.ndarray, count: int) -> np.ndarray:
    """Labels as int32 [count], from integers [count] or [count, 1]; raises `InputError` for others."""
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    require(labels.dtype.kind in "iu", "dataset", f"{where} must be integers, and is {labels.dtype}")
    fits = labels.shape == (count,)
    require(fits, "dataset", f"{where} must hold one label per image, {count} in all, and is {list(labels.shape)}")
    low, high = int(labels.min()), int(labels.max())
    in_range = low >= 0 and high < MAX_CLASSES
    require(in_range, "dataset", f"{where} must be 0, 1, ..., one number per class, and holds {low}..{high}")
    return labels.astype(np.int32)


def names_of_classes(where: str, labels: np.ndarray, names: np.ndarray | None) -> tuple[str, ...]:
    """The class names; "0", "1", ... if there are none.

    Labels are never renumbered: without names every number from 0 to the highest must occur, so that a class that the
    labels skip is not invented.

    Raises:
        InputError: there are fewer names than classes, the names are no strings, or labels skip a number.
    """
    count = int(labels.max()) + 1
    if names is None:
        missing = np.setdiff1d(np.arange(count), labels)
        problem = "no image has label {}; number the classes 0, 1, 2, ... without a gap, or store class_names"
        require(not len(missing), "dataset", f"{where}: " + problem.format(missing[0] if len(missing) else ""))
        return tuple(map(str, range(count)))
    is_text = names.dtype.kind == "U" and names.ndim == 1
    require(is_text, "dataset", f"class_names must be strings [classes], and is {names.dtype} {list(names.shape)}")
    problem = f"class_names holds {len(names)} names, and the highest label is {count - 1}"
    require(len(names) >= count, "dataset", problem)
    return tuple(" ".join(str(name).split()) for name in names)


def check_class_names(names: Sequence[str]) -> None:
    """Raises `InputError` if two classes have one name, by which neither could be chosen."""
    twice = repeated(names)
    require(twice is None, "dataset", f"two classes are named {twice!r}, but a class is chosen by its name; rename one")


def read_problem(path: object, error: Exception) -> InputError:
    """The error of a file that cannot be read, in one line."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return InputError("dataset", f"{format_value(str(path))} cannot be read: {reason.splitlines()[0]}")


def _conversion(dtype: np.dtype) -> str:
    if dtype.kind == "f":
        return (
            "; convert it: np.uint8(np.round(255 * images)) for values in [0, 1], "
            "np.uint8(np.round(127.5 * (images + 1))) for [-1, 1]"
        )
    if dtype.kind in "iub":
        return "; convert it with images.astype(np.uint8) if the values are in 0..255"
    return ""
