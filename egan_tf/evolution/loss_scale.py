"""Loss scaling, which keeps small gradients of reduced precision above zero: the optimizer says by how much."""

from __future__ import annotations

import keras
import tensorflow as tf

from egan_tf.evolution.stateless import Tensors

HALF = "float16"


def loss_scale(optimizer: keras.optimizers.Optimizer) -> tf.Tensor | None:
    """The factor by which the optimizer wants losses multiplied, float32 scalar; None if it wants none.

    It is the optimizer's `loss_scale_factor`, or the current scale of a `LossScaleOptimizer`. The optimizer divides the
    gradients by it.
    """
    one = tf.constant(1.0)
    factor = optimizer.scale_loss(one)
    return None if factor is one else tf.cast(factor, tf.float32)


def scaled(loss: tf.Tensor, scale: tf.Tensor | None) -> tf.Tensor:
    """The loss times the scale."""
    return loss if scale is None else loss * tf.cast(scale, loss.dtype)


def unscaled(gradient: Tensors, scale: tf.Tensor | None) -> Tensors:
    """The gradient divided by the scale."""
    return gradient if scale is None else tuple(part / tf.cast(scale, part.dtype) for part in gradient)


def scaled_gradient(gradient: Tensors, scale: tf.Tensor | None) -> Tensors:
    """The gradient times the scale, as the optimizer expects it."""
    return gradient if scale is None else tuple(part * tf.cast(scale, part.dtype) for part in gradient)


def adjusts_scale(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether the optimizer itself skips gradients that are not finite, and lowers its scale."""
    return isinstance(optimizer, keras.optimizers.LossScaleOptimizer)


def with_loss_scale(optimizer: keras.optimizers.Optimizer, network: keras.Model) -> keras.optimizers.Optimizer:
    """The optimizer, in a `LossScaleOptimizer` if a layer of the network computes in float16 and nothing scales yet.

    Keras' `compile` does the same for its own models (`auto_scale_loss`).
    """
    halved = any(layer.compute_dtype == HALF for layer in network._flatten_layers())
    if not halved or loss_scale(optimizer) is not None:
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
