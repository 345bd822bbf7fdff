"""Features of a classifier of the labels of the data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor, content_hash
from egan_tf.metrics.extractors.classifier import (
    FEATURES,
    Classifier,
    build_classifier,
    check_labels,
    load_classifier,
)
from egan_tf.utils.checks import require


class ClassifierFeatures(Extractor):
    """The last hidden layer of a classifier, and its class probabilities."""

    resize = "none"
    size = FEATURES

    def __init__(self, dataset_name: str, classifier: Classifier) -> None:
        """Args: dataset_name: of its training data. classifier: the trained network."""
        import tensorflow as tf

        network = classifier.network
        self.name = f"{dataset_name}_cnn"
        self.shape = tuple(network.inputs[0].shape[1:])
        self.classes = int(network.outputs[1].shape[-1])
        self.hash = content_hash("classifier", *network.get_weights())
        self.details = {"test_accuracy": classifier.accuracy}

        @tf.function(input_signature=[tf.TensorSpec([None, *self.shape], tf.float32)])
        def run(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            features, logits = network(images, training=False)
            return features, tf.nn.softmax(logits)

        self._run = run

    def compute(self, images: np.ndarray) -> Activations:
        """Features and probabilities."""
        found = images.shape[1:]
        require(found == self.shape, "images", f"must be {list(self.shape)} each, got {list(found)}")
        features, probabilities = self._run(images)
        return Activations(features.numpy(), probabilities.numpy())


def load_cnn(dataset: ImageDataset, data_dir: Path) -> Extractor:
    """Features of a classifier of the data set's labels, which is trained first if necessary."""
    return ClassifierFeatures(dataset.name, load_classifier(dataset, data_dir))


def untrained_cnn(dataset: ImageDataset, data_dir: Path) -> Extractor:
    """Returns what `load_cnn` would, untrained, to check whether metrics fit it; refuses the same data sets."""
    check_labels(dataset)
    return ClassifierFeatures(dataset.name, Classifier(build_classifier(dataset.shape, len(dataset.class_names)), 0.0))
