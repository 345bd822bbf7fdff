"""Layers that Keras lacks, or whose counterparts there have no gradient under XLA on a GPU."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

CHANNELS_LAST: dict[str, Any] = {"data_format": "channels_last"}
"""Whatever the settings of Keras are: samples are [batch, height, width, channels]."""


@keras.saving.register_keras_serializable("egan_tf")
class NearestUpsampling(keras.layers.Layer):
    """Repeats every row and column once: [batch, h, w, channels] to [batch, 2h, 2w, channels].

    Unlike `UpSampling2D` it has a gradient under XLA on a GPU, the sum over each 2×2 square.
    """

    mixes_samples = False

    def call(self, inputs: Any) -> Any:
        """The larger feature map."""
        repeated = ops.repeat(ops.repeat(inputs, 2, axis=2), 2, axis=1)
        _, *shape = self.compute_output_shape(inputs.shape)
        # TensorFlow loses the sizes that are known, and TensorFlow Lite needs them.
        return repeated if None in shape else ops.reshape(repeated, (-1, *shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[batch, 2h, 2w, channels]; a size that is not known stays so."""
        batch, height, width, channels = input_shape
        return (batch, None if height is None else 2 * height, None if width is None else 2 * width, channels)


@keras.saving.register_keras_serializable("egan_tf")
class SumPooling(keras.layers.Layer):
    """The sum over a feature map: [batch, h, w, channels] to [batch, channels]."""

    mixes_samples = False

    def call(self, inputs: Any) -> Any:
        """The sums."""
        return ops.sum(inputs, axis=(1, 2))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """[batch, channels]."""
        return (input_shape[0], input_shape[-1])


def halved(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """The means of 2×2 squares."""
    return keras.layers.AveragePooling2D(2, **CHANNELS_LAST)(tensor)
