"""Samples from an exported generator with numpy, onnxruntime and pillow alone: no TensorFlow, no Keras.

    from egan_tf.sampling import Sampler
    images = Sampler("saved_models/NAME").sample(64, seed=0)  # float32 [64, H, W, C]

    python -m egan_tf.sampling saved_models/NAME/generator.onnx --count 64 --seed 0 --out grid.png

Everything that it needs to know, such as the distribution of the noise, is in the ONNX file's own metadata.
"""

from egan_tf.sampling.sampler import ROWS, Sampler
from egan_tf.sampling.spec import DISTRIBUTIONS, SamplingSpec

__all__ = ["DISTRIBUTIONS", "ROWS", "Sampler", "SamplingSpec"]
