"""The exported function of a generator: inference mode, float32 in and out, noise and perhaps labels as inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import keras
import tensorflow as tf

from egan_tf.evolution.label_check import class_count
from egan_tf.export.comparison import Bound
from egan_tf.export.independence import check_independence
from egan_tf.export.interface import shapes_taken
from egan_tf.export.operators import check_draws_nothing
from egan_tf.export.rounding import rounding_of
from egan_tf.export.running import inputs_of, layer_errors, zeros
from egan_tf.sampling.noise import DISTRIBUTIONS
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError, format_value, integer, one_of, require


class LatentLike(Protocol):
    """Size and distribution of the noise, such as `egan_tf.evolution.latent.Latent`."""

    @property
    def size(self) -> int:
        """Numbers in one row of noise."""

    @property
    def distribution(self) -> str:
        """One of `egan_tf.sampling.noise.DISTRIBUTIONS`."""


@dataclass(frozen=True)
class Noise:
    """A `LatentLike`."""

    size: int
    distribution: str


@dataclass(frozen=True)
class Source:
    """A generator that can be exported.

    Attributes:
        original: the given generator.
        model: the generator to export: `original`, or its float32 copy if it computes in another precision.
        spec: its noise and samples.
        rows_per_call: what ONNX files state; see `egan_tf.sampling.calls`. None: an export measures it.
    """

    original: keras.Model
    model: keras.Model
    spec: SamplingSpec
    rows_per_call: int | None = None

    @cached_property
    def rounding(self) -> Bound:
        """What bounds grow by because of the generator's own rounding; see `egan_tf.export.rounding`."""
        return rounding_of(self.model, self.spec)

    @property
    def signature(self) -> list[tf.TensorSpec]:
        """The inputs of every exported function: noise float32 [batch, latent_size], perhaps labels int32 [batch]."""
        noise = tf.TensorSpec((None, self.spec.latent_size), tf.float32, name="noise")
        return [noise, tf.TensorSpec((None,), tf.int32, name="labels")] if self.spec.classes else [noise]

    @cached_property
    def graph(self) -> tf.Graph:
        """The graph of `serve`, as TensorFlow traces it."""
        return tf.function(self.serve, self.signature, autograph=False).get_concrete_function().graph

    def serve(self, noise: tf.Tensor, labels: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        """The function to export: noise and labels to `{"samples": float32 [batch, *sample_shape]}`."""
        return {"samples": tf.cast(self.model(inputs_of(noise, labels), training=False), tf.float32)}


def latent_of(generator: Any, latent: LatentLike | str | None) -> LatentLike:
    """The noise of a generator, its size from the model's first input unless it is given.

    Raises:
        InputError: the noise is none, its distribution is unknown, or the model does not say the size, or takes other
            inputs than noise and labels.
    """
    if latent is not None and not isinstance(latent, str):
        known = hasattr(latent, "size") and hasattr(latent, "distribution")
        problem = f"must be one of {', '.join(DISTRIBUTIONS)}, or such as Latent(100), got {format_value(latent)}"
        require(known, "latent", problem)
        return Noise(integer("latent", latent.size), one_of("latent", latent.distribution, DISTRIBUTIONS))
    distribution = one_of("latent", DISTRIBUTIONS[0] if latent is None else latent, DISTRIBUTIONS)
    if not isinstance(generator, keras.Model):
        return Noise(1, distribution)  # `prepare_source` refuses it
    shape = (shapes_taken(generator) or [()])[0]
    size = shape[1] if len(shape) == 2 else None
    if size is None:
        problem = f"the generator does not say how long its noise is; give Latent(SIZE, {distribution!r})"
        raise InputError("latent", problem)
    return Noise(size, distribution)


def prepare_source(
    generator: keras.Model,
    latent: LatentLike,
    value_range: Iterable[float] | None,
    class_names: Sequence[str] = (),
    conditional: bool | None = None,
) -> Source:
    """Checks that a generator can be exported, and determines the shape of its samples.

    Args:
        generator: maps noise [batch, latent.size], and labels int [batch] as a second input if it is class-conditional,
            to samples [batch, *sample_shape].
        latent: size and distribution of the noise.
        value_range: lowest and highest value of a sample; None only for samples that are no images.
        class_names: one per label; required for, and only for, a generator with a second input.
        conditional: whether the generator takes labels. By default what its inputs say; of a subclass that was never
            called, and so knows no inputs, whether there are `class_names`.

    Returns:
        The generator in float32 with its specification.

    Raises:
        InputError: the generator has other inputs or outputs, cannot be computed in a graph or rebuilt in float32, or
            makes samples that depend on the other rows of a batch, or on numbers that it draws itself.
    """
    require(isinstance(generator, keras.Model), "generator", f"must be a Keras model, got {type(generator).__name__}")
    shapes = shapes_taken(generator)
    if conditional is None:
        conditional = bool(class_names) if shapes is None else len(shapes) == 2
    needed, unused = "must be given for a generator with a second input", "the generator takes no labels"
    problem = needed if conditional else f"{unused}; one that does is called with [noise, labels]"
    require(conditional == bool(class_names), "class_names", problem)
    known = class_count(generator) or len(class_names)
    problem = f"holds {len(class_names)} names, but the generator takes {known} classes: give one per label"
    require(len(class_names) == known, "class_names", problem)
    samples = _first_samples(generator, latent.size, conditional)
    bounds = None if value_range is None else tuple(float(bound) for bound in value_range)
    labels = {"classes": len(class_names), "class_names": tuple(class_names)}
    shape = tuple(samples.shape[1:])
    spec = SamplingSpec(latent.size, latent.distribution, shape, bounds, **labels)  # type: ignore[arg-type]
    require(bounds is not None or not spec.is_image, "value_range", "must be given for images, such as (-1, 1)")
    source = Source(generator, _to_float32(generator, latent.size, conditional), spec)
    check_draws_nothing(source.graph, source.model)
    check_independence(source.model, spec, lambda: source.rounding)
    return source


def _first_samples(generator: keras.Model, latent_size: int, conditional: bool) -> tf.Tensor:
    """The samples of two rows of zeros; the call also builds a generator that is not built yet."""
    takes = f"noise [batch, {latent_size}] {'and labels [batch]' if conditional else 'alone'}"
    with layer_errors(f"does not take {takes}"):
        samples = generator(zeros(2, latent_size, conditional), training=False)
    require(tf.is_tensor(samples), "generator", f"must make one tensor, makes {type(samples).__name__}")
    valid = samples.shape.rank >= 2 and samples.shape[0] == 2
    require(valid, "generator", f"must make one sample for each row of noise, made {samples.shape} of two rows")
    return samples


def _to_float32(generator: keras.Model, latent_size: int, conditional: bool) -> keras.Model:
    """The generator itself, or its float32 copy where it computes in another precision.

    onnxruntime has few CPU kernels for bfloat16 and float16, and mixed precision keeps its weights in float32 anyway.
    """
    in_float32 = all(layer.compute_dtype == "float32" for layer in generator._flatten_layers())
    # A layer may compute in float64 inside, whatever its type; a copy would do the same.
    if _float_types(generator, latent_size, conditional) <= ({tf.float32, tf.float64} if in_float32 else {tf.float32}):
        return generator
    try:
        # The clone of an input layer would keep its type, which Keras' floatx decided.
        noise = keras.Input((latent_size,), dtype="float32")
        labels = keras.Input((), dtype="int32") if conditional else None
        float32_copy = keras.models.clone_model(generator, inputs_of(noise, labels), clone_function=_layer_to_float32)
        float32_copy(zeros(1, latent_size, conditional), training=False)
        float32_copy.set_weights(generator.get_weights())
    except Exception as error:
        raise InputError("generator", f"in mixed precision cannot be rebuilt in float32 ({error})") from error
    return float32_copy


def _float_types(generator: keras.Model, latent_size: int, conditional: bool) -> set[tf.DType]:
    """The types of floating-point numbers that it computes with."""
    signature = [tf.TensorSpec((None, latent_size), tf.float32), *([tf.TensorSpec((None,), tf.int32)] * conditional)]
    traced = tf.function(lambda *inputs: generator(inputs_of(*inputs), training=False), autograph=False)
    with layer_errors("cannot run in a graph of TensorFlow, of which every format is made"):
        operations = traced.get_concrete_function(*signature).graph.get_operations()
    return {tensor.dtype for operation in operations for tensor in operation.outputs if tensor.dtype.is_floating}


def _layer_to_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
    if isinstance(layer, keras.Model) and type(layer).__module__.startswith("keras."):
        # A sequential or functional model inside: its configuration has the types of all its layers.
        return keras.models.clone_model(layer, clone_function=_layer_to_float32)
    config: dict[str, Any] = layer.get_config()
    if "dtype" in config:
        config["dtype"] = "float32"
    return type(layer).from_config(config)
