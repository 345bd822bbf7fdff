"""How far rounding alone moves the samples of a generator, and so how exact files that compute in float32 can be.

Two programs that compute the same function in float32 add in another order. How much of that reaches a sample depends
on the generator: in networks that trained for long, large numbers cancel, and a pixel at an edge moves by far more than
in a new one. The measure is the generator itself, with each weight moved to a neighbouring float32.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.stateless import forward_pass, state_of
from egan_tf.export.comparison import ROUNDING_LIMIT, TOLERANCE, Bound, scale_of, verification_inputs
from egan_tf.export.running import layer_errors
from egan_tf.sampling.spec import SamplingSpec

MARGIN = 3.0
"""What a file may differ by, in units of that move; files differed by 0.4 to 0.9 of it, each over up to 10⁶ numbers."""
_ULP = 2.0**-23


def rounding_of(model: keras.Model, spec: SamplingSpec) -> Bound:
    """What a bound grows by where rounding of the generator exceeds `TOLERANCE`; zeros where it does not.

    Args:
        model: in float32.
        spec: its noise and samples.

    Raises:
        InputError: a layer raises an error.
    """
    state, random = state_of(model), np.random.default_rng(0)

    def moved(weight: tf.Tensor) -> tf.Tensor:
        if weight.dtype != tf.float32:
            return weight
        signs = random.choice(np.array([-_ULP, _ULP], np.float32), weight.shape)
        return weight * (1.0 + tf.constant(signs))

    near = tf.nest.map_structure(moved, state)
    largest = rms = 0.0
    for inputs in verification_inputs(spec):
        with layer_errors("cannot compute with weights that are given"), tf.device("CPU:0"):
            noise, labels = [*map(tf.constant, inputs), None][:2]
            samples, others = (
                tf.cast(forward_pass(model, each, noise, labels, training=False).outputs, tf.float32).numpy()
                for each in (state, near)
            )
        gap = np.abs(samples.astype(np.float64) - others) / scale_of(samples, spec)
        largest, rms = max(largest, float(gap.max())), max(rms, float(np.sqrt(np.mean(np.square(gap)))))
    return Bound(*(min(ROUNDING_LIMIT, max(0.0, MARGIN * move - TOLERANCE)) for move in (largest, rms)))
