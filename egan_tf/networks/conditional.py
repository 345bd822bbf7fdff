"""What makes a pair of networks class-conditional: labels beside the noise, and a projection of the features.

The generator gets an embedding of the label beside the noise, and where it has BatchNorm, a scale and an offset for
each class (de Vries et al. 2017, arXiv 1707.00683). The discriminator adds to its logit the inner product of its
features with an embedding of the label (Miyato and Koyama 2018, arXiv 1802.05637, equation 3).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import tensorflow as tf
from keras import ops

MAX_EMBEDDING = 32


class Labels(NamedTuple):
    """The labels of a conditional network.

    Attributes:
        tensor: int [batch].
        classes: the number of classes.
    """

    tensor: keras.KerasTensor
    classes: int


@keras.saving.register_keras_serializable("egan_tf")
class OneHot(keras.layers.Layer):
    """Labels [batch] as rows of zeros with a one, [batch, classes]."""

    mixes_samples = False

    def __init__(self, classes: int, **options: Any) -> None:
        """Args: classes: the number of labels. **options: of a layer."""
        super().__init__(**options)
        self.classes = classes

    def call(self, labels: Any) -> Any:
        """The rows."""
        return ops.one_hot(ops.cast(labels, "int32"), self.classes, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[batch, classes]."""
        return (*input_shape, self.classes)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "classes": self.classes}


@keras.saving.register_keras_serializable("egan_tf")
class InnerProduct(keras.layers.Layer):
    """The inner product of two vectors of each sample: [batch, n] and [batch, n] to [batch, 1]."""

    mixes_samples = False

    def call(self, inputs: Any) -> Any:
        """The products."""
        return ops.sum(inputs[0] * inputs[1], axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[batch, 1]."""
        return (input_shape[0][0], 1)


def labels_input(classes: int) -> Labels | None:
    """The second input of a network; None for an unconditional one."""
    return Labels(keras.Input((), dtype="int32", name="labels"), classes) if classes else None


def network_inputs(first: keras.KerasTensor, labels: Labels | None) -> Any:
    """The inputs of a Keras model."""
    return first if labels is None else [first, labels.tensor]


def with_embedding(noise: keras.KerasTensor, labels: Labels | None) -> keras.KerasTensor:
    """The noise, with an embedding of the label of at most 32 numbers beside it, distributed like normal noise."""
    if labels is None:
        return noise
    size = min(labels.classes, MAX_EMBEDDING)
    normal = keras.initializers.RandomNormal(stddev=1.0)
    embedded = keras.layers.Embedding(labels.classes, size, embeddings_initializer=normal)(labels.tensor)
    return keras.layers.Concatenate()([noise, embedded])


def conditional_batch_norm(tensor: keras.KerasTensor, labels: Labels | None) -> keras.KerasTensor:
    """BatchNorm, with a scale and an offset for each class if there are labels."""
    plain = labels is None
    # In the scope of a strategy with several replicas the statistics are those of the global batch.
    replicated = tf.distribute.get_strategy().num_replicas_in_sync > 1
    options = {"center": plain, "scale": plain, "synchronized": replicated}
    x = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, **options)(tensor)
    if labels is None:
        return x
    ones, axes = [1] * (len(tensor.shape) - 2), tensor.shape[-1]
    scale, offset = (
        keras.layers.Reshape((*ones, axes))(
            keras.layers.Embedding(labels.classes, axes, embeddings_initializer=start)(labels.tensor)
        )
        for start in ("ones", "zeros")
    )
    return keras.layers.Add()([keras.layers.Multiply()([x, scale]), offset])


def projected(
    logits: keras.KerasTensor, features: keras.KerasTensor, labels: Labels, embedding: keras.layers.Layer
) -> keras.KerasTensor:
    """The logits, plus the inner product of the features with the embedding of the label.

    Args:
        logits: float32 [batch, 1].
        features: [batch, n], what the logits are made of.
        labels: of the samples.
        embedding: a dense layer of n units without bias, which maps rows of one class to its embedding.
    """
    rows = embedding(OneHot(labels.classes, dtype="float32")(labels.tensor))
    product = InnerProduct(dtype="float32")([rows, features])
    return keras.layers.Add(dtype="float32")([logits, product])
