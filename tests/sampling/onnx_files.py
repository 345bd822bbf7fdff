"""Small ONNX files in the form of an export, built without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from egan_tf.sampling import SamplingSpec

IMAGE = SamplingSpec(16, "normal", (8, 8, 1), (-1.0, 1.0))
POINT = SamplingSpec(2, "uniform", (2,), None)


def build(
    spec: SamplingSpec, metadata: dict[str, str] | None = None, made_shape: tuple[int, ...] | None = None
) -> bytes:
    shape = made_shape or spec.sample_shape
    weights = np.random.default_rng(0).normal(size=(spec.latent_size, int(np.prod(shape)))).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["noise", "weights"], ["flat"]),
            helper.make_node("Tanh", ["flat"], ["bounded"]),
            helper.make_node("Reshape", ["bounded", "shape"], ["samples"]),
        ],
        "generator",
        [helper.make_tensor_value_info("noise", TensorProto.FLOAT, ["batch", spec.latent_size])],
        [helper.make_tensor_value_info("samples", TensorProto.FLOAT, ["batch", *shape])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([-1, *shape]), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, spec.to_metadata() if metadata is None else metadata)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def put(folder: Path, content: bytes, name: str = "generator.onnx") -> Path:
    (folder / name).write_bytes(content)
    return folder / name
