"""The official Inception graph of 2015, the only one whose Fréchet distance is called FID.

The file `classify_image_graph_def.pb` comes from inception-2015-12-05.tgz, as used by Salimans et al. 2016 for the
Inception score and by Heusel et al. 2017 for FID. It is not part of this package: the user gives its path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, to_bytes, to_rgb
from egan_tf.metrics.extractors.weights_file import read_weights_file
from egan_tf.utils.checks import InputError

if TYPE_CHECKING:
    import tensorflow as tf

FILE = "classify_image_graph_def.pb"
SHA256 = "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6"
FEATURES, CLASSES = 2048, 1008
IMAGES = "ExpandDims:0"
POOL = "pool_3:0"
LOGITS = "softmax/logits/MatMul"
BATCH = 50
"""Small, because images of 299×299 pixels take much memory."""


class Inception(Extractor):
    """The 2,048 features of pool_3, and the probabilities of the 1,008 classes, computed without the bias."""

    name = "inception"
    resize = (
        "bilinear to 299x299 by the graph itself (TensorFlow 1, corners not aligned), grey as three channels, "
        "alpha on white"
    )
    size = FEATURES
    classes = CLASSES
    official = True

    def __init__(self, graph: bytes, sha256: str) -> None:
        """Args: graph: the content of the file. sha256: its SHA-256 (hex).

        Raises:
            InputError: the content is no graph, or another one.
        """
        self.hash = sha256
        self._run = _import_graph(graph)

    def compute(self, images: np.ndarray) -> Activations:
        """Features and probabilities."""
        pixels = to_bytes(to_rgb(images)).astype(np.float32)
        parts = [self._run(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        features, probabilities = (np.concatenate([part[output] for part in parts]) for output in (0, 1))
        return Activations(features, probabilities)


def load_inception(dataset: ImageDataset, data_dir: Path, path: Path | None = None) -> Extractor:
    """Features of the official Inception graph, from the file at `path`: FID, KID and Inception score.

    Raises:
        InputError: no path is given, the file cannot be read, or it is another file.
    """
    if path is None:
        raise InputError("extractor", f"inception needs the path of the official {FILE} (inception-2015-12-05.tgz)")
    graph = read_weights_file(path, SHA256, f"the official {FILE}", "take it from inception-2015-12-05.tgz")
    return Inception(graph, SHA256)


def _import_graph(graph: bytes) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The graph as a function of pixels float32 [n, H, W, 3] from 0 to 255."""
    import tensorflow as tf

    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(graph)
        function = _wrap_graph(definition)
    # protobuf and the importer raise many types of exceptions.
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        raise InputError("extractor", f"the file is no Inception graph that can be imported ({reason})") from error

    def run(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        features, probabilities = function(tf.constant(pixels))
        return features.numpy(), probabilities.numpy()

    return run


def _wrap_graph(definition: Any) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    import tensorflow as tf

    def network(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pool, product = tf.compat.v1.import_graph_def(
            definition, input_map={IMAGES: pixels}, return_elements=[POOL, LOGITS], name=""
        )
        matrix = product.inputs[1]
        if pool.shape[-1] != FEATURES or tuple(matrix.shape) != (FEATURES, CLASSES):
            raise ValueError(f"{POOL} is {pool.shape}, the last layer {matrix.shape}")
        # The reshape in the graph is for one image, and the authors of the score omit the bias.
        features = tf.reshape(pool, [-1, FEATURES])
        return features, tf.nn.softmax(features @ matrix)

    return tf.compat.v1.wrap_function(network, [tf.TensorSpec([None, None, None, 3], tf.float32)])
