"""Sums over many tensors in few operations, because a program of XLA starts each of them for itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

import tensorflow as tf


def summed_to_rows(tensors: Sequence[tf.Tensor], leading: int = 0) -> list[tf.Tensor]:
    """Rows whose sums add up to the sum of all numbers of all tensors, a row for each length of a last axis.

    XLA's sum over all axes adds one number after the other on a CPU, so that the last axis is left to the caller, for
    all tensors that have one of that length; |·| keeps XLA from joining both sums.

    Args:
        tensors: of any shapes and floating-point types, with the same `leading` axes.
        leading: axes that are kept.

    Returns:
        float32 [*leading, n], not negative; finite if all numbers are, and their sums do not overflow.
    """
    alike: dict[Hashable, list[tf.Tensor]] = defaultdict(list)
    for tensor in tensors:
        alike[tensor.dtype, tuple(tensor.shape)].append(tensor)
    by_length: dict[int, list[tf.Tensor]] = defaultdict(list)
    for group in alike.values():
        total = tf.cast(tf.add_n(group), tf.float32)
        if total.shape.rank == leading:
            total = total[..., None]
        row = tf.reduce_sum(total, axis=list(range(leading, total.shape.rank - 1)))
        by_length[row.shape[-1]].append(row)
    return [tf.abs(tf.add_n(rows)) for rows in by_length.values()]
