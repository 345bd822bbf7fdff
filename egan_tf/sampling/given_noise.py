"""Checks noise that a user gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from egan_tf.utils.checks import InputError, require


def check_given_noise(noise: Any, latent_size: int) -> np.ndarray:
    """Returns noise as float32 [count, latent_size]; refuses other shapes, types, and numbers that are not finite."""
    try:
        given = np.asarray(noise)
        numeric = given.dtype != np.bool_ and np.can_cast(given.dtype, np.float32, "same_kind")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError("noise", f"must be an array of numbers: {error}") from error
    require(not np.ma.is_masked(noise), "noise", "has masked numbers; give all of them")
    require(numeric, "noise", f"must be real numbers, got {given.dtype}")
    valid = given.ndim == 2 and given.shape[0] > 0 and given.shape[1] == latent_size
    require(valid, "noise", f"must be [count, {latent_size}], got {list(given.shape)}")
    with np.errstate(over="ignore"):  # what overflows is not finite, and refused below
        cast = given.astype(np.float32, copy=False)
    invalid = int(np.sum(~np.isfinite(cast)))
    require(invalid == 0, "noise", f"{invalid} of {cast.size} numbers are not finite in float32")
    return np.ascontiguousarray(cast)
