"""The exported function of a generator: inference mode, float32 in and out, noise as the only input."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, require


class LatentLike(Protocol):
    """Size and distribution of the noise, such as `egan_tf.evolution.latent.Latent`."""

    @property
    def size(self) -> int:
        """Numbers in one row of noise."""

    @property
    def distribution(self) -> str:
        """One of `egan_tf.sampling.noise.DISTRIBUTIONS`."""


@dataclass(frozen=True)
class Source:
    """A generator that can be exported.

    Attributes:
        original: the given generator.
        model: the generator to export: `original`, or its float32 copy if it computes in another precision.
        spec: its noise and samples.
    """

    original: keras.Model
    model: keras.Model
    spec: SamplingSpec

    @property
    def signature(self) -> tf.TensorSpec:
        """The input of every exported function, float32 [batch, latent_size], named noise."""
        return tf.TensorSpec((None, self.spec.latent_size), tf.float32, name="noise")

    def serve(self, noise: tf.Tensor) -> dict[str, tf.Tensor]:
        """The function to export: float32 [batch, latent_size] to `{"samples": float32 [batch, *sample_shape]}`."""
        return {"samples": tf.cast(self.model(noise, training=False), tf.float32)}


def prepare_source(generator: keras.Model, latent: LatentLike, value_range: Iterable[float] | None) -> Source:
    """Checks that a generator can be exported, and determines the shape of its samples.

    Args:
        generator: maps noise [batch, latent.size], its only input, to samples [batch, *sample_shape].
        latent: size and distribution of the noise.
        value_range: lowest and highest value of a sample; None only for samples that are no images.

    Returns:
        The generator in float32 with its specification.

    Raises:
        InputError: the generator has other inputs or outputs, or cannot be rebuilt in float32.
    """
    require(isinstance(generator, keras.Model), "generator", f"must be a Keras model, got {type(generator).__name__}")
    inputs = getattr(generator, "inputs", None) or [None]
    require(len(inputs) == 1, "generator", f"takes {len(inputs)} inputs; only noise alone can be exported so far")
    samples = _first_samples(generator, latent.size)
    bounds = None if value_range is None else tuple(float(bound) for bound in value_range)
    spec = SamplingSpec(latent.size, latent.distribution, tuple(samples.shape[1:]), bounds)  # type: ignore[arg-type]
    require(bounds is not None or not spec.is_image, "value_range", "must be given for images, such as (-1, 1)")
    return Source(generator, _to_float32(generator, latent.size), spec)


def run_on_cpu(model: keras.Model, noise: np.ndarray) -> np.ndarray:
    """The samples of the model in inference mode, float32 [count, *sample_shape].

    On the CPU, because a GPU may round matrix products to TF32, which could hide or cause differences.
    """
    with tf.device("CPU:0"):
        return tf.cast(model(tf.constant(noise), training=False), tf.float32).numpy()


def _first_samples(generator: keras.Model, latent_size: int) -> tf.Tensor:
    """The samples of two rows of zeros; the call also builds a generator that is not built yet."""
    try:
        samples = generator(tf.zeros([2, latent_size]), training=False)
    except Exception as error:  # custom layers may raise anything
        cause = str(error).strip().splitlines()[:1] or [type(error).__name__]
        raise InputError("generator", f"does not take noise [batch, {latent_size}] alone: {cause[0]}") from error
    require(tf.is_tensor(samples), "generator", f"must make one tensor, makes {type(samples).__name__}")
    valid = samples.shape.rank >= 2 and samples.shape[0] == 2
    require(valid, "generator", f"must make one sample for each row of noise, made {samples.shape} of two rows")
    return samples


def _to_float32(generator: keras.Model, latent_size: int) -> keras.Model:
    """The generator itself, or its float32 copy where it computes in another precision.

    onnxruntime has few CPU kernels for bfloat16 and float16, and mixed precision keeps its weights in float32 anyway.
    """
    in_float32 = all(layer.compute_dtype == "float32" for layer in generator._flatten_layers())
    # A layer may compute in float64 inside, whatever its type; a copy would do the same.
    if _float_types(generator, latent_size) <= ({tf.float32, tf.float64} if in_float32 else {tf.float32}):
        return generator
    try:
        # The clone of an input layer would keep its type, which Keras' floatx decided.
        noise = keras.Input((latent_size,), dtype="float32")
        float32_copy = keras.models.clone_model(generator, noise, clone_function=_layer_to_float32)
        float32_copy(tf.zeros([1, latent_size]), training=False)
        float32_copy.set_weights(generator.get_weights())
    except Exception as error:
        raise InputError("generator", f"in mixed precision cannot be rebuilt in float32 ({error})") from error
    return float32_copy


def _float_types(generator: keras.Model, latent_size: int) -> set[tf.DType]:
    signature = tf.TensorSpec((None, latent_size), tf.float32)
    traced = tf.function(lambda noise: generator(noise, training=False), autograph=False)
    operations = traced.get_concrete_function(signature).graph.get_operations()
    return {tensor.dtype for operation in operations for tensor in operation.outputs if tensor.dtype.is_floating}


def _layer_to_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.Model) and type(layer).__module__.startswith("keras."):
        # A sequential or functional model inside: its configuration has the types of all its layers.
        return keras.models.clone_model(layer, clone_function=_layer_to_float32)
    config: dict[str, Any] = layer.get_config()
    if "dtype" in config:
        config["dtype"] = "float32"
    return type(layer).from_config(config)
