"""Spectral normalization against closed forms and numpy's singular values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError
from egan_tf.evolution.stateless import forward_pass, state_of
from egan_tf.networks.spectral import SpectralConv2D, SpectralConv2DTranspose, SpectralDense, spectral_norm

GENERATOR = np.random.default_rng(0)
LAYERS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "dense": (lambda **options: SpectralDense(5, **options), (3, 7)),
    "convolution": (lambda **options: SpectralConv2D(5, 3, padding="same", **options), (2, 6, 6, 4)),
    "strided": (lambda **options: SpectralConv2D(5, 4, strides=2, padding="same", **options), (2, 6, 6, 4)),
    "transposed": (lambda **options: SpectralConv2DTranspose(5, 4, strides=2, padding="same", **options), (2, 3, 3, 4)),
}
each = pytest.mark.parametrize("kind", LAYERS)


def made(kind: str, **options: Any) -> tuple[Any, np.ndarray]:
    """A built layer and inputs, in float64 unless another type is asked for."""
    keras.utils.set_random_seed(1)
    maker, shape = LAYERS[kind]
    layer = maker(**{"dtype": "float64", "bias_initializer": "random_normal", **options})
    layer.build(shape)
    return layer, GENERATOR.normal(size=shape)


def matrix(layer: Any, kernel: np.ndarray | None = None) -> np.ndarray:
    """The kernel, or a gradient like it, as [everything else, output channels]."""
    kernel = layer.kernel.numpy() if kernel is None else kernel
    if isinstance(layer, SpectralConv2DTranspose):
        kernel = kernel.transpose(0, 1, 3, 2)
    return kernel.reshape(-1, kernel.shape[-1])


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def plain_twin(layer: Any, shape: tuple[int, ...], kernel: np.ndarray) -> Any:
    """Keras' own layer with this kernel."""
    config = {key: value for key, value in layer.get_config().items() if key not in ("power_iterations", "epsilon")}
    twin = type(layer).__bases__[1].from_config(config)
    twin.build(shape)
    twin.set_weights([kernel, layer.bias.numpy()])
    return twin


@each
def test_a_training_call_is_the_layer_with_the_kernel_over_sigma(kind: str) -> None:
    layer, inputs = made(kind)
    w, u = matrix(layer), layer.u.numpy()
    v = unit(w @ u)
    u = unit(v @ w)
    v = unit(w @ u)
    sigma = v @ w @ u
    outputs = layer(inputs, training=True)
    np.testing.assert_allclose(layer.u.numpy(), u, rtol=1e-12)
    expected = plain_twin(layer, inputs.shape, layer.kernel.numpy() / sigma)(inputs)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10, atol=1e-12)


@each
def test_the_gradient_flows_through_kernel_and_sigma(kind: str) -> None:
    """(G − ⟨G, W/σ⟩ v uᵀ) / σ, with G the gradient at W/σ (Miyato et al. 2018, equation 12)."""
    layer, inputs = made(kind)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(inputs, training=True)))
    gradient = tape.gradient(loss, layer.kernel.value)
    w, u = matrix(layer), layer.u.numpy()
    v = unit(w @ u)
    sigma = v @ w @ u
    twin = plain_twin(layer, inputs.shape, layer.kernel.numpy() / sigma)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(twin(inputs)))
    at_normalized = matrix(layer, tape.gradient(loss, twin.kernel.value).numpy())
    expected = (at_normalized - np.sum(at_normalized * w / sigma) * np.outer(v, u)) / sigma
    np.testing.assert_allclose(matrix(layer, gradient.numpy()), expected, rtol=1e-9, atol=1e-11)


@each
def test_sigma_converges_to_the_largest_singular_value(kind: str) -> None:
    layer, inputs = made(kind)
    for _ in range(300):
        layer(inputs, training=True)
    normalized = matrix(layer, layer.normalized_kernel(training=False).numpy())
    np.testing.assert_allclose(np.linalg.svd(normalized, compute_uv=False)[0], 1.0, rtol=1e-9)


def test_several_iterations_in_a_call_equal_several_calls() -> None:
    one, inputs = made("convolution")
    many, _ = made("convolution", power_iterations=3)
    many.set_weights(one.get_weights())
    for _ in range(3):
        one(inputs, training=True)
    many(inputs, training=True)
    np.testing.assert_allclose(one.u.numpy(), many.u.numpy(), rtol=1e-12)


@each
def test_inference_moves_nothing(kind: str) -> None:
    layer, inputs = made(kind)
    before = [weight.numpy() for weight in layer.weights]
    trained = layer(inputs, training=True)
    after = layer(inputs, training=False)
    again = layer(inputs)
    np.testing.assert_allclose(trained, after, rtol=1e-12)
    np.testing.assert_array_equal(after, again)
    assert [np.array_equal(a, b.numpy()) for a, b in zip(before, layer.weights, strict=True)] == [True, True, False]


@each
@pytest.mark.parametrize("jit", [False, True])
def test_stateless_calls_return_the_new_vector_and_move_nothing(kind: str, jit: bool) -> None:
    layer, inputs = made(kind, dtype="float32")
    network = keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    before = layer.u.numpy()

    @tf.function(jit_compile=jit)
    def call() -> Any:
        return forward_pass(network, state_of(network), tf.constant(inputs, tf.float32))

    outputs, after, _ = call()
    np.testing.assert_array_equal(layer.u.numpy(), before)
    np.testing.assert_allclose(outputs, network(inputs.astype("float32"), training=True), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(after.non_trainable[0], layer.u.numpy(), rtol=1e-5)


@each
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_sigma_has_the_precision_of_the_weights(kind: str, dtype: str) -> None:
    layer, inputs = made(kind, dtype=dtype)
    full, _ = made(kind, dtype="float32")
    full.set_weights(layer.get_weights())
    outputs = layer(inputs.astype("float32"), training=True)
    expected = full(inputs.astype("float32"), training=True)
    assert outputs.dtype == layer.compute_dtype and layer.u.dtype == "float32"
    np.testing.assert_array_equal(layer.u.numpy(), full.u.numpy())
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), expected, atol=0.03)


@pytest.mark.parametrize("jit", [False, True])
def test_a_kernel_of_zeros_stays_finite(jit: bool) -> None:
    layer, inputs = made("dense", kernel_initializer="zeros")
    before = layer.u.numpy()

    @tf.function(jit_compile=jit)
    def call() -> Any:
        with tf.GradientTape() as tape:
            outputs = layer(inputs, training=True)
        return outputs, tape.gradient(outputs, layer.kernel.value)

    outputs, gradient = call()
    np.testing.assert_allclose(outputs, np.broadcast_to(layer.bias.numpy(), outputs.shape))
    np.testing.assert_allclose(gradient, np.repeat(inputs.sum(axis=0)[:, None], 5, axis=1))
    np.testing.assert_array_equal(layer.u.numpy(), before)


def test_sigma_of_a_matrix_of_rank_one_is_exact_after_one_iteration() -> None:
    a, b = unit(GENERATOR.normal(size=6)), unit(GENERATOR.normal(size=4))
    sigma, u = spectral_norm(tf.constant(3.0 * np.outer(a, b)), tf.constant(unit(np.ones(4))), 1, 1e-12)
    np.testing.assert_allclose(sigma, 3.0, rtol=1e-12)
    np.testing.assert_allclose(np.abs(np.dot(u, b)), 1.0, rtol=1e-12)


@each
def test_serialization(kind: str, tmp_path: Path) -> None:
    layer, inputs = made(kind, dtype="float32", power_iterations=2, epsilon=1e-6, activation="relu")
    network = keras.Sequential([keras.Input(inputs.shape[1:]), layer])
    expected = network(inputs.astype("float32"), training=True)
    network.save(tmp_path / "it.keras")
    loaded = keras.saving.load_model(tmp_path / "it.keras")
    np.testing.assert_allclose(loaded(inputs.astype("float32")), expected, rtol=1e-5, atol=1e-6)
    clone = type(layer).from_config(layer.get_config())
    assert (clone.power_iterations, clone.epsilon, clone.get_config()) == (2, 1e-6, layer.get_config())
    assert loaded.layers[0].get_config() == layer.get_config()


@pytest.mark.parametrize(("argument", "value"), [("power_iterations", 0), ("power_iterations", 1.5), ("epsilon", 0.0)])
def test_invalid_numbers_are_refused(argument: str, value: float) -> None:
    with pytest.raises(InputError, match=f"^{argument}: "):
        SpectralDense(3, **{argument: value})


@each
def test_the_vector_has_length_1_from_the_start(kind: str) -> None:
    layer, _ = made(kind)
    assert float(np.linalg.norm(layer.u)) == pytest.approx(1.0, abs=1e-12)
