"""SavedModel of TensorFlow: endpoint `serve`, signature `serving_default`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.export.formats.base import Format, FormatError, SampleFn
from egan_tf.export.layers import place_of
from egan_tf.export.markdown import code_block, describe_samples
from egan_tf.export.source import Source
from egan_tf.sampling.spec import SamplingSpec

FOLDER = "saved_model"
_PYTHON = ("EagerPyFunc", "PyFunc", "PyFuncStateless")
_CHANGES = ("AssignAddVariableOp", "AssignSubVariableOp", "AssignVariableOp", "ResourceScatterUpdate")
_NOISE = {
    "normal": "tf.random.normal([64, {size}])",
    "uniform": "tf.random.uniform([64, {size}], -1.0, 1.0)",
}


class SavedModel(Format):
    """`saved_model/`: noise float32 [batch, latent_size] to `{"samples": float32 [batch, *sample_shape]}`."""

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/saved_model`."""
        module = _Module(source)
        _check_operators(module.serve.get_concrete_function().graph, source)
        tf.saved_model.save(module, directory / FOLDER, signatures={"serving_default": module.serve})

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/saved_model`."""
        with tf.device("CPU:0"):
            loaded = tf.saved_model.load(directory / FOLDER)

        def sample_fn(*inputs: np.ndarray) -> np.ndarray:
            with tf.device("CPU:0"):
                return loaded.serve(*map(tf.constant, inputs))["samples"].numpy()

        return sample_fn

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Loading and calling it in TensorFlow."""
        inputs = "noise, labels" if spec.classes else "noise"
        return [
            "With TensorFlow; keep the loaded object in a variable, because its weights are freed with it:",
            code_block(
                "python",
                "import tensorflow as tf",
                "",
                f'loaded = tf.saved_model.load("{path}/{FOLDER}")',
                f"noise = {_NOISE[spec.distribution].format(size=spec.latent_size)}",
                *([f"labels = tf.range(64) % {spec.classes}"] if spec.classes else []),
                f'samples = loaded.serve({inputs})["samples"]  # {describe_samples(spec, 64)}',
            ),
        ]


class _Module(tf.Module):
    """Holds the function and the variables that it reads; the archive format of Keras would store each one twice."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.serve = tf.function(source.serve, input_signature=source.signature, autograph=False)
        # The function lists its variables in an order that changes from process to process.
        read = {variable.ref() for variable in self.serve.get_concrete_function().variables}
        self.weights = [weight.value for weight in source.model.variables if weight.value.ref() in read]


def _check_operators(graph: Any, source: Source) -> None:
    """Refuses what a SavedModel cannot keep.

    A call of Python is a number that only this process understands; a generator that changes its own variables does not
    make the same samples of the same noise, which a comparison of one call with one call does not show.
    """
    functions = graph.as_graph_def().library.function
    nodes = [(op.type, op.name) for op in graph.get_operations()]
    nodes += [(node.op, node.name) for function in functions for node in function.node_def]
    for kind, name in nodes:
        place = f"operator {kind} {place_of(name, source.model)}"
        if kind in _PYTHON:
            raise FormatError(f"{place} runs in Python and cannot be saved")
        if kind in _CHANGES:
            raise FormatError(f"{place} changes a variable in inference mode")
