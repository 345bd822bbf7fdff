"""Whether each sample of a generator depends on its own row of noise alone, as whoever samples relies on."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from egan_tf.export.comparison import Bound, difference, float32_bound, scale_of, verification_inputs
from egan_tf.export.running import run_on_cpu
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError


def check_independence(model: keras.Model, spec: SamplingSpec, rounding: Callable[[], Bound]) -> None:
    """Compares the first rows of a batch with the same rows in a smaller one.

    A sampler cuts its noise into calls by another rule than TensorFlow, so that samples which depend on the rest of
    the batch, as by its mean, would differ between files. A generator that makes other samples of the same batch at
    every call passes: the formats say what is wrong with it.

    Args:
        model: in float32.
        spec: its noise and samples.
        rounding: what is allowed beyond the bound of float32; called only if that is exceeded.

    Raises:
        InputError: they differ, or a layer raises an error.
    """
    *_, few, many = verification_inputs(spec)
    first = [array[: len(few[0])] for array in many]
    alone = run_on_cpu(model, *first)
    if not np.isfinite(alone).all() or not np.array_equal(alone, run_on_cpu(model, *first)):
        return
    together = run_on_cpu(model, *many)[: len(alone)]
    bound, scale = float32_bound(spec), scale_of(together, spec)
    found = difference(alone, together, bound, scale)
    if found.problem and difference(alone, together, bound + rounding(), scale).problem:
        raise InputError(
            "generator",
            f"its samples depend on the other rows of the batch: {len(alone)} of {len(many[0])} differ by "
            f"{found.largest:.3g} from the same rows alone; compute each sample from its own row",
        )
