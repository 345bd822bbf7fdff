"""ONNX: one file that onnxruntime and others run without TensorFlow; its metadata specify the noise."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.formats.onnx_operators import HANDLERS, repair_attributes
from egan_tf.export.formats.onnx_problems import check_operators
from egan_tf.export.markdown import code_block, describe_samples
from egan_tf.export.source import Source
from egan_tf.sampling.sampler import ONNX_FILE, Sampler
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import require

OPSET = 18
"""The highest that tf2onnx 1.17 writes."""


class OnnxFile(Format):
    """`generator.onnx`: `noise` float32 [batch, latent_size] to `samples` float32 [batch, *sample_shape]."""

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/generator.onnx`, with the sampling specification as its metadata."""
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
        _rename_by_position(model.graph)
        onnx.helper.set_model_props(model, source.spec.to_metadata())
        onnx.checker.check_model(model, full_check=True)
        (directory / ONNX_FILE).write_bytes(model.SerializeToString(deterministic=True))
        written = Sampler(directory / ONNX_FILE).spec
        require(written == source.spec, "metadata", f"read {written} where {source.spec} was written")

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/generator.onnx` in onnxruntime."""
        return Sampler(directory / ONNX_FILE).generate

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Sampling with `egan_tf.sampling`, on the command line and in Python."""
        flags = "--each-label" if spec.classes else "--count 64"
        labels = ", labels=0" if spec.classes else ""
        return [
            "Without TensorFlow (numpy, onnxruntime and pillow are enough):",
            code_block("sh", f"python -m egan_tf.sampling {path}/{ONNX_FILE} {flags} --seed 0 --out grid.png"),
            code_block(
                "python",
                "from egan_tf.sampling import Sampler",
                "",
                f'samples = Sampler("{path}/{ONNX_FILE}").sample(64, seed=0{labels})  # {describe_samples(spec, 64)}',
            ),
        ]

    def sample(self, directory: Path, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
        """The samples of `Sampler.sample`."""
        return Sampler(directory / ONNX_FILE).sample(count, seed, labels=labels)


def _store_captures(graph: Any, traced: Any) -> None:
    """Stores tensors that layers made outside of their call, which tf2onnx takes for inputs, in the file."""
    import onnx

    values = {inner.name: outer for outer, inner in traced.graph.captures if outer.dtype != tf.resource}
    for value in list(graph.input):
        if value.name in values:
            graph.initializer.append(onnx.numpy_helper.from_array(values[value.name].numpy(), value.name))
            graph.input.remove(value)


def _rename_by_position(graph: Any) -> None:
    """Numbers the generated names by their position in the graph, so that the same model always gives the same bytes.

    tf2onnx continues its numbers through the process, and its order changes from process to process.
    """
    new_names: dict[str, str] = {}

    def named(name: str) -> str:
        node, colon, output = name.partition(":")
        stem, separator, number = node.rpartition("__")
        if not (separator and number.isdigit()):
            return name
        return new_names.setdefault(node, f"{stem}__{len(new_names)}") + colon + output

    for node in graph.node:
        node.name = named(node.name)
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]
    for initializer in graph.initializer:
        initializer.name = named(initializer.name)
    ordered = sorted(graph.initializer, key=lambda initializer: initializer.name)
    del graph.initializer[:]
    graph.initializer.extend(ordered)
    for value in graph.value_info:
        value.name = named(value.name)
    graph.doc_string = ""


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
