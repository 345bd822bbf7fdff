"""Layers with or without normalization, shared by the networks."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.networks.conditional import Labels, conditional_batch_norm, projected
from egan_tf.networks.layers import CHANNELS_LAST
from egan_tf.networks.spectral import SpectralConv2D, SpectralConv2DTranspose, SpectralDense


def normalized(tensor: keras.KerasTensor, normalization: str, labels: Labels | None = None) -> keras.KerasTensor:
    """BatchNorm for "batch", with a scale and an offset for each class if labels are given; otherwise the tensor."""
    return conditional_batch_norm(tensor, labels) if normalization == "batch" else tensor


def logit(features: keras.KerasTensor, normalization: str, labels: Labels | None, **options: Any) -> keras.KerasTensor:
    """One logit of features [batch, n], float32 [batch, 1], with a projection of the label if there are labels."""
    logits = dense(1, normalization, dtype="float32", **options)(features)
    if labels is None:
        return logits
    embedding = dense(features.shape[-1], normalization, use_bias=False, dtype="float32")
    return projected(logits, features, labels, embedding)


def dense(units: int, normalization: str, **options: Any) -> keras.layers.Layer:
    """A dense layer, spectrally normalized for "spectral"."""
    return (SpectralDense if normalization == "spectral" else keras.layers.Dense)(units, **options)


def convolution(filters: int, kernel: int, normalization: str, **options: Any) -> keras.layers.Layer:
    """A convolution with padding, spectrally normalized for "spectral"."""
    layer = SpectralConv2D if normalization == "spectral" else keras.layers.Conv2D
    return layer(filters, kernel, padding="same", **CHANNELS_LAST, **options)


def transposed_convolution(filters: int, kernel: int, normalization: str, **options: Any) -> keras.layers.Layer:
    """A transposed convolution with padding, spectrally normalized for "spectral"."""
    layer = SpectralConv2DTranspose if normalization == "spectral" else keras.layers.Conv2DTranspose
    return layer(filters, kernel, padding="same", **CHANNELS_LAST, **options)
