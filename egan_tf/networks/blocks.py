"""Layers with or without normalization, shared by the networks."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.networks.layers import CHANNELS_LAST
from egan_tf.networks.spectral import SpectralConv2D, SpectralConv2DTranspose, SpectralDense


def normalized(tensor: keras.KerasTensor, normalization: str) -> keras.KerasTensor:
    """BatchNorm for "batch"; otherwise the tensor itself."""
    if normalization != "batch":
        return tensor
    return keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(tensor)


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
