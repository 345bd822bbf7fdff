"""Samples from an exported generator, with numpy, onnxruntime and pillow only.

    from egan_tf.sampling import Sampler
    images = Sampler("saved_models/NAME").sample(64, seed=0)  # float32 [64, H, W, C]

    python -m egan_tf.sampling saved_models/NAME/generator.onnx --count 64 --seed 0 --out grid.png

Nothing else is needed: the metadata of the ONNX file state the noise, the sample shape and the value range. The names
load on first use, so that the command reports a numpy that cannot be loaded in one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egan_tf.utils.lazy import lazy_names

if TYPE_CHECKING:
    from egan_tf.sampling.calls import ROWS
    from egan_tf.sampling.noise import DISTRIBUTIONS
    from egan_tf.sampling.sampler import Sampler
    from egan_tf.sampling.spec import SamplingSpec

_HOMES = {"DISTRIBUTIONS": "noise", "ROWS": "calls", "Sampler": "sampler", "SamplingSpec": "spec"}

__all__ = ["DISTRIBUTIONS", "ROWS", "Sampler", "SamplingSpec"]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
