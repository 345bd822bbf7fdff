"""Values that change over the first generations of a run, the burn-in, by half a cosine (Huang et al. 2025, section 4).

A discriminator that is penalized strongly at first, and averages that forget quickly at first, start a run gently.
"""

from __future__ import annotations

import math

import tensorflow as tf


def during_burn_in(first: float, last: float, step: tf.Tensor, length: int) -> tf.Tensor:
    """last + (first − last)·½(1 + cos(π·min(1, step / length))), float32 scalar.

    Args:
        first: the value at step 0.
        last: the value from step `length` on.
        step: integer scalar.
        length: of the burn-in, at least 1.
    """
    progress = tf.minimum(tf.cast(step, tf.float32) / float(length), 1.0)
    return last + (first - last) * 0.5 * (1.0 + tf.cos(math.pi * progress))
