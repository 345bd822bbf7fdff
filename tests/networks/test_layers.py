"""The package's own layers, and the initialization of the modern network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf.networks import build_discriminator, build_generator
from egan_tf.networks.layers import NearestUpsampling, SumPooling
from egan_tf.networks.modern import BLOCKS, CONVOLUTIONS, SLOPE

SHAPE = (2, 3, 5, 4)


def inputs(*shape: int) -> tf.Tensor:
    return tf.random.stateless_normal(shape, [1, 2])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_nearest_upsampling_and_its_gradient(jit: bool, dtype: str) -> None:
    layer, x = NearestUpsampling(dtype=dtype), tf.cast(inputs(*SHAPE), dtype)
    cotangent = tf.cast(inputs(2, 6, 10, 4), dtype)

    @tf.function(jit_compile=jit)
    def call() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x)
        return outputs, tape.gradient(outputs, x, output_gradients=cotangent)

    outputs, gradient = (tf.cast(value, tf.float32).numpy() for value in call())
    expected = np.repeat(np.repeat(tf.cast(x, tf.float32), 2, axis=1), 2, axis=2)
    np.testing.assert_array_equal(outputs, expected)
    summed = tf.cast(cotangent, tf.float32).numpy().reshape(2, 3, 2, 5, 2, 4).sum(axis=(2, 4))
    np.testing.assert_allclose(gradient, summed, atol=1e-5 if dtype == "float32" else 0.1)
    assert layer.compute_output_shape((None, 3, None, 4)) == (None, 6, None, 4)


def test_sum_pooling() -> None:
    x = inputs(*SHAPE)
    np.testing.assert_allclose(SumPooling()(x), np.sum(x, axis=(1, 2)), rtol=1e-5)
    assert SumPooling().compute_output_shape((None, 3, 5, 4)) == (None, 4)


def test_layers_can_be_saved(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((3, 3, 2)), NearestUpsampling(), SumPooling()])
    network.save(tmp_path / "it.keras")
    loaded = keras.saving.load_model(tmp_path / "it.keras")
    np.testing.assert_array_equal(loaded(inputs(1, 3, 3, 2)), network(inputs(1, 3, 3, 2)))


def modern() -> list[tuple[keras.Model, tf.Tensor]]:
    generator = build_generator("modern", (16, 16, 3), 8, 4)
    discriminator = build_discriminator("modern", (16, 16, 3), 4)
    return [(generator, inputs(2, 8)), (discriminator, inputs(2, 16, 16, 3))]


def blocks(network: keras.Model) -> list[tuple[Any, Any, Any]]:
    """The three convolutions of each residual block."""
    layers = [layer for layer in network.layers if hasattr(layer, "kernel") and len(layer.kernel.shape) == 4]
    starts = [
        position for position, layer in enumerate(layers) if layer.kernel_size == (3, 3) and layer.padding == "same"
    ]
    return [(layers[position - 1], layers[position], layers[position + 1]) for position in starts]


def test_blocks_of_the_modern_network_start_as_the_identity() -> None:
    for network, values in modern():
        before = network(values)
        adds = [layer for layer in network.layers if isinstance(layer, keras.layers.Add)]
        assert len(adds) == len(blocks(network)) == BLOCKS * 3
        for layer in adds:
            probe = keras.Model(network.inputs, [layer.input[0], layer.output])
            np.testing.assert_array_equal(*probe(values))
        for first, second, _ in blocks(network):
            for convolution in (first, second):
                convolution.set_weights([inputs(*weight.shape) for weight in convolution.weights])
        np.testing.assert_array_equal(network(values), before)


def test_the_standard_deviations_of_the_modern_network() -> None:
    """He's times L^(−1/(2m − 2)) for the first m − 1 convolutions of a block, and 0 for the last."""
    keras.utils.set_random_seed(0)
    network = build_discriminator("modern", (16, 16, 3), 24)
    found = blocks(network)
    gain = math.sqrt(2 / (1 + SLOPE**2)) * len(found) ** (-1 / (2 * CONVOLUTIONS - 2))
    for first, second, last in found:
        np.testing.assert_allclose(np.std(first.kernel), gain / math.sqrt(first.kernel.shape[2]), rtol=0.1)
        np.testing.assert_allclose(np.std(second.kernel), gain / 3, rtol=0.15)
        assert not np.any(last.kernel) and last.bias is None


@pytest.mark.parametrize("zeros", [True, False])
def test_the_gradient_of_the_modern_network_reaches_each_block(zeros: bool) -> None:
    """At the start only the last convolution of a block has one, because it is zero; afterwards all three have."""
    for network, values in modern():
        for _, _, last in blocks(network):
            if not zeros:
                last.kernel.assign(0.1 * inputs(*last.kernel.shape))
        kernels = [[layer.kernel.value for layer in block] for block in blocks(network)]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(values, training=True) - 1.0))
        for gradients in tape.gradient(loss, kernels):
            assert [bool(np.any(gradient)) for gradient in gradients] == [not zeros, not zeros, True]
