"""Converts a generator to an ONNX model by tf2onnx."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from egan_tf.export.formats.onnx_names import canonical
from egan_tf.export.formats.onnx_operators import HANDLERS, repair_attributes
from egan_tf.export.formats.onnx_problems import check_operators
from egan_tf.export.source import Source
from egan_tf.sampling.spec import SamplingSpec

OPSET = 18
"""The highest that tf2onnx 1.17 writes."""


def convert(source: Source) -> Any:
    """The generator as an `onnx.ModelProto`: `noise`, and perhaps `labels`, to `samples`.

    Raises:
        FormatError: it has operators that ONNX has not.
    """
    with _quiet():
        import onnx
        import tf2onnx

        function = tf.function(source.serve, input_signature=source.signature, autograph=False)
        with _inlined_functions():
            traced = function.get_concrete_function(*source.signature)
            model, _ = tf2onnx.convert.from_function(
                function, input_signature=source.signature, opset=OPSET, custom_op_handlers=HANDLERS
            )
        _store_captures(model.graph, traced)
        check_operators(model, source.model)
        repair_attributes(model.graph)
    shapes = {"noise": (source.spec.latent_size,), "labels": (), "samples": source.spec.sample_shape}
    for value in (*model.graph.input, *model.graph.output):
        # tf2onnx calls the dynamic dimension unk__N, with different N for input and output.
        kind, shape = value.type.tensor_type.elem_type, ["batch", *shapes[value.name]]
        value.CopyFrom(onnx.helper.make_tensor_value_info(value.name, kind, shape))
    canonical(model.graph)
    return model


def write_model(model: Any, spec: SamplingSpec, path: Path, entries: Mapping[str, str] | None = None) -> None:
    """Checks an `onnx.ModelProto` and writes it, with the sampling specification and `entries` as its metadata."""
    import onnx

    onnx.helper.set_model_props(model, {**spec.to_metadata(), **(entries or {})})
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _store_captures(graph: Any, traced: Any) -> None:
    """Stores tensors that layers made outside of their call, which tf2onnx takes for inputs, in the file."""
    import onnx

    values = {inner.name: outer for outer, inner in traced.graph.captures if outer.dtype != tf.resource}
    for value in list(graph.input):
        if value.name in values:
            graph.initializer.append(onnx.numpy_helper.from_array(values[value.name].numpy(), value.name))
            graph.input.remove(value)


@contextlib.contextmanager
def _inlined_functions() -> Iterator[None]:
    """Traces functions inside functions as part of them: tf2onnx knows no calls.

    Keras compiles grouped convolutions by XLA, which TensorFlow never inlines.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the progress and deprecation messages of tf2onnx."""
    before = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # What does not convert is named in one line; tf2onnx would print tracebacks.
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(before)
