"""SavedModel of TensorFlow: functions of noise, `serve`, and of seeds, `sample`, each also as a signature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from egan_tf.export.formats.base import Format, FormatError, SampleFn, SeededFunctions
from egan_tf.export.formats.signatures import GeneratorModule
from egan_tf.export.layers import place_of
from egan_tf.export.markdown import code_block, describe_samples, python_text
from egan_tf.export.operators import operators
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
    """`saved_model/`: noise float32 [batch, latent_size] to `{"samples": float32 [batch, *sample_shape]}`, and more.

    The functions `noise`, `sample`, `serve_uint8` and `sample_uint8` are those of
    `egan_tf.export.formats.signatures`; `docs/noise.md` lists them.
    """

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/saved_model`."""
        module = GeneratorModule(source)
        _check_operators(module.serve.get_concrete_function().graph, source)
        tf.saved_model.save(module, directory / FOLDER, signatures=module.functions())

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/saved_model`."""
        return _on_cpu(_load(directory), "serve")

    def load_seeded(self, directory: Path) -> SeededFunctions | None:
        """Loads the functions of `directory/saved_model`; None if an earlier version wrote it, without them."""
        loaded = _load(directory)
        if not hasattr(loaded, "noise"):
            return None
        found = {name: _on_cpu(loaded, name) for name in SeededFunctions._fields if hasattr(loaded, name)}
        return SeededFunctions(**found)

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Loading and calling it in TensorFlow."""
        more = ", labels" if spec.classes else ""
        return [
            "With TensorFlow; keep the loaded object in a variable, because its weights are freed with it:",
            code_block(
                "python",
                "import tensorflow as tf",
                "",
                f"loaded = tf.saved_model.load({python_text(f'{path}/{FOLDER}')})",
                f"noise = {_NOISE[spec.distribution].format(size=spec.latent_size)}",
                *([f"labels = tf.range(64) % {spec.classes}"] if spec.classes else []),
                f'samples = loaded.serve(noise{more})["samples"]  # {describe_samples(spec, 64)}',
                f'samples = loaded.sample(0, 0, 64{more})["samples"]  # of seed 0, from number 0: those of `Sampler`',
                *([f'pixels = loaded.sample_uint8(0, 0, 64{more})["samples"]  # uint8'] if spec.is_image else []),
            ),
        ]


def _load(directory: Path) -> Any:
    with tf.device("CPU:0"):
        return tf.saved_model.load(directory / FOLDER)


def _on_cpu(loaded: Any, name: str) -> Callable[..., np.ndarray]:
    """The only output of a loaded function as an array; integers become int64."""

    def called(*inputs: Any) -> np.ndarray:
        with tf.device("CPU:0"):  # the weights of `loaded` are freed with it
            tensors = (tf.constant(one, tf.int64 if isinstance(one, int) else None) for one in inputs)
            (output,) = getattr(loaded, name)(*tensors).values()
            return output.numpy()

    return called


def _check_operators(graph: Any, source: Source) -> None:
    """Refuses what a SavedModel cannot keep.

    A call of Python is a number that only this process understands; a generator that changes its own variables does not
    make the same samples of the same noise, which a comparison of one call with one call does not show.
    """
    for kind, name in operators(graph):
        place = f"operator {kind} {place_of(name, source.model)}"
        if kind in _PYTHON:
            raise FormatError(f"{place} runs in Python and cannot be saved")
        if kind in _CHANGES:
            raise FormatError(f"{place} changes a variable in inference mode")
