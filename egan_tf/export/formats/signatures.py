"""The functions of a SavedModel: of noise, of seeds, and in bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from egan_tf.export.noise_graph import noise_rows
from egan_tf.export.source import Source
from egan_tf.sampling.spec import SamplingSpec

MAX_INT64 = (1 << 63) - 1

Outputs = dict[str, tf.Tensor]


class GeneratorModule(tf.Module):
    """Holds the functions, and the variables that they read; the archive of Keras would store each one twice."""

    def __init__(self, source: Source) -> None:
        """Traces the functions of a generator."""
        super().__init__()
        spec = source.spec
        self.serve = _traced(source.serve, source.signature)
        # The function lists its variables in an order that changes from process to process.
        read = {variable.ref() for variable in self.serve.get_concrete_function().variables}
        self.weights = [weight.value for weight in source.model.variables if weight.value.ref() in read]

        def noise(seed: tf.Tensor, start: tf.Tensor, count: tf.Tensor) -> Outputs:
            counted = _require(count >= 1, "count: must be at least 1", count)
            with tf.control_dependencies([counted]):
                exist = (start >= 0) & (start <= MAX_INT64 - (count - 1))
                checked = _require(exist, "start: must be 0 to 2^63 - count", start)
            with tf.control_dependencies([checked]):
                return {"noise": noise_rows(spec, seed, tf.identity(start), tf.identity(count))}

        def sample(seed: tf.Tensor, start: tf.Tensor, count: tf.Tensor, labels: tf.Tensor | None = None) -> Outputs:
            rows = self.noise(seed, start, count)["noise"]
            return self.serve(rows) if labels is None else self.serve(rows, _each(labels, count, spec.classes))

        integers = [tf.TensorSpec((), tf.int64, name=name) for name in ("seed", "start", "count")]
        inputs = [*integers, *source.signature[1:]]
        self.noise, self.sample = _traced(noise, integers), _traced(sample, inputs)
        if spec.is_image:

            def serve_uint8(noise: tf.Tensor, labels: tf.Tensor | None = None) -> Outputs:
                return _pixels(self.serve(noise) if labels is None else self.serve(noise, labels), spec)

            def sample_uint8(
                seed: tf.Tensor, start: tf.Tensor, count: tf.Tensor, labels: tf.Tensor | None = None
            ) -> Outputs:
                given = (seed, start, count) if labels is None else (seed, start, count, labels)
                return _pixels(self.sample(*given), spec)

            self.serve_uint8 = _traced(serve_uint8, source.signature)
            self.sample_uint8 = _traced(sample_uint8, inputs)

    def functions(self) -> dict[str, Any]:
        """The functions by the names of their signatures."""
        names = [name for name in ("noise", "sample", "serve_uint8", "sample_uint8") if hasattr(self, name)]
        return {"serving_default": self.serve, **{name: getattr(self, name) for name in names}}


def _traced(function: Callable[..., Outputs], signature: list[tf.TensorSpec]) -> Any:
    return tf.function(function, input_signature=signature, autograph=False)


def _require(condition: tf.Tensor, problem: str, value: tf.Tensor) -> tf.Operation:
    """Fails with `InvalidArgumentError` where the function runs; what must not run then depends on it."""
    return tf.debugging.Assert(condition, [f"{problem}; got", value])


def _each(labels: tf.Tensor, count: tf.Tensor, classes: int) -> tf.Tensor:
    """One label for each sample, int32 [count]."""
    number = tf.size(labels, tf.int64)
    enough = _require((number == 1) | (number == count), "labels: must be one, or one for each sample", number)
    known = tf.reduce_all((labels >= 0) & (labels < classes))
    with tf.control_dependencies([enough, _require(known, f"labels: must be 0 to {classes - 1}", labels)]):
        return tf.broadcast_to(tf.identity(labels), [count])


def _pixels(outputs: Outputs, spec: SamplingSpec) -> Outputs:
    """The samples as bytes, as `egan_tf.sampling.pictures.to_pixels` maps them."""
    low, high = spec.value_range or (-1.0, 1.0)
    scaled = tf.round((outputs["samples"] - low) * (255 / (high - low)))
    return {"samples": tf.cast(tf.clip_by_value(scaled, 0.0, 255.0), tf.uint8)}
