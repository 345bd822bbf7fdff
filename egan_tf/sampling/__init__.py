"""Samples from an exported generator, with numpy, onnxruntime and pillow only.

    from egan_tf.sampling import Sampler
    images = Sampler("saved_models/NAME").sample(64, seed=0)  # float32 [64, H, W, C]

    python -m egan_tf.sampling saved_models/NAME/generator.onnx --count 64 --seed 0 --out grid.png

Nothing else is needed: the metadata of the ONNX file state the noise, the sample shape and the value range.
"""

from egan_tf.sampling.noise import DISTRIBUTIONS
from egan_tf.sampling.sampler import ROWS, Sampler
from egan_tf.sampling.spec import SamplingSpec

__all__ = ["DISTRIBUTIONS", "ROWS", "Sampler", "SamplingSpec"]
