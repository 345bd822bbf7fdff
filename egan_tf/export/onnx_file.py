"""ONNX: one file that onnxruntime and others run without TensorFlow, and that says itself what noise it takes."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from egan_tf.export.source import Source
from egan_tf.export.verify import Run
from egan_tf.sampling import Sampler

FILE = "generator.onnx"
OPSET = 18
"""The highest that tf2onnx 1.17 writes."""


def write(source: Source, directory: Path) -> None:
    """Writes `directory/generator.onnx`: `noise` float32 [batch, latent_size] to `samples`, recipe in its metadata."""
    with _quiet():
        import onnx
        import tf2onnx

        function = tf.function(source.serve, input_signature=[source.signature], autograph=False)
        model, _ = tf2onnx.convert.from_function(function, input_signature=[source.signature], opset=OPSET)
    for value, shape in (
        (model.graph.input[0], (source.recipe.latent_size,)),
        (model.graph.output[0], source.recipe.sample_shape),
    ):
        # tf2onnx calls the dynamic dimension unk__N, with another N for input and output.
        named = onnx.helper.make_tensor_value_info(value.name, onnx.TensorProto.FLOAT, ["batch", *shape])
        value.CopyFrom(named)
    _name_by_place(model.graph)
    onnx.helper.set_model_props(model, source.recipe.to_metadata())
    onnx.checker.check_model(model, full_check=True)
    (directory / FILE).write_bytes(model.SerializeToString(deterministic=True))


def load(directory: Path) -> Run:
    """Reads back what `write` wrote, as the sampler does."""
    return Sampler(directory / FILE).generate


def _name_by_place(graph: Any) -> None:
    """Numbers the names that tf2onnx made up by their place in the graph: the same model is the same file, always.

    tf2onnx numbers them by what the process has done before, and in an order that changes from process to process.
    """
    places: dict[str, str] = {}

    def named(name: str) -> str:
        stem, counted, number = name.rpartition("__")
        if not (counted and number.isdigit()):
            return name
        return places.setdefault(name, f"{stem}__{len(places)}")

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
def _quiet() -> Iterator[None]:
    """Keeps tf2onnx's progress and deprecation notes off the user's screen."""
    loggers = [tf.get_logger(), logging.getLogger("tf2onnx")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
