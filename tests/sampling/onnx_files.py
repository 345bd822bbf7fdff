"""Small ONNX files in the form of an export, built without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from egan_tf.sampling import SamplingSpec

IMAGE = SamplingSpec(16, "normal", (8, 8, 1), (-1.0, 1.0))
CLASSES = SamplingSpec(16, "normal", (8, 8, 1), (-1.0, 1.0), 3, ("shirt", "shoe", "hat"))
POINT = SamplingSpec(2, "uniform", (2,), None)


def build(
    spec: SamplingSpec,
    metadata: dict[str, str] | None = None,
    made_shape: tuple[int, ...] | None = None,
    poison: float | None = None,
    bounded: bool = True,
) -> bytes:
    """The content of a file.

    Args:
        spec: its noise and samples.
        metadata: instead of those of `spec`.
        made_shape: of the samples, instead of the shape that `spec` says.
        poison: is added to samples whose first number of noise exceeds 2.
        bounded: the metadata state the value range of `spec`; False for none.
    """
    if not bounded:
        spec = SamplingSpec(spec.latent_size, spec.distribution, spec.sample_shape, None)
    model = make_model(spec, made_shape, poison)
    helper.set_model_props(model, spec.to_metadata() if metadata is None else metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def make_model(
    spec: SamplingSpec, made_shape: tuple[int, ...] | None = None, poison: float | None = None
) -> onnx.ModelProto:
    """A model without metadata; see `build`."""
    shape = made_shape or spec.sample_shape
    weights = np.random.default_rng(0).normal(size=(spec.latent_size, int(np.prod(shape)))).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["noise", "weights"], ["flat"]),
        helper.make_node("Tanh", ["shifted" if spec.classes else "flat"], ["bounded"]),
    ]
    values = {"weights": weights, "shape": np.array([-1, *shape])}
    if spec.classes:
        values["table"] = np.random.default_rng(1).normal(size=(spec.classes, weights.shape[1])).astype(np.float32)
        nodes[1:1] = [
            helper.make_node("Gather", ["table", "labels"], ["shift"]),
            helper.make_node("Add", ["flat", "shift"], ["shifted"]),
        ]
    if poison is not None:
        values["first"] = np.eye(spec.latent_size, 1, dtype=np.float32)
        values.update(limit=np.float32([2]), zero=np.float32([0]), poison=np.float32([poison]))
        nodes += [
            helper.make_node("MatMul", ["noise", "first"], ["number"]),
            helper.make_node("Greater", ["number", "limit"], ["bad"]),
            helper.make_node("Where", ["bad", "poison", "zero"], ["added"]),
            helper.make_node("Add", ["bounded", "added"], ["poisoned"]),
        ]
    nodes.append(helper.make_node("Reshape", ["bounded" if poison is None else "poisoned", "shape"], ["samples"]))
    graph = helper.make_graph(
        nodes,
        "generator",
        [
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["batch", spec.latent_size]),
            *([helper.make_tensor_value_info("labels", TensorProto.INT32, ["batch"])] if spec.classes else []),
        ],
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", *shape])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def without_rows(path: Path) -> bytes:
    """The content of a file but for its rows per call, which an export measures."""
    model = onnx.load(path)
    (entry,) = (entry for entry in model.metadata_props if entry.key == "egan_tf.rows_per_call")
    model.metadata_props.remove(entry)
    return model.SerializeToString(deterministic=True)


def put(folder: Path, content: bytes, name: str = "generator.onnx") -> Path:
    (folder / name).write_bytes(content)
    return folder / name
