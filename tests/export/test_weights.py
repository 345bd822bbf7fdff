"""Weights in int8 and float16: how they are rounded, and that the graph gets them back."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from egan_tf.export.formats.onnx_weights import MIN_NUMBERS, quantize, store_in_float16, store_in_int8


def test_the_largest_weight_of_a_channel_is_kept_and_the_others_move_by_half_a_step() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 7, 3, 3)).astype(np.float32)
    weights[2] = 0
    for axis in (0, 1):
        quantized, scales = quantize(weights, axis)
        assert quantized.dtype == np.int8 and scales.dtype == np.float32
        assert scales.shape == tuple(weights.shape[axis] if at == axis else 1 for at in range(4))
        largest = np.abs(weights).max(axis=tuple(at for at in range(4) if at != axis), keepdims=True)
        np.testing.assert_allclose(scales * 127, largest, rtol=1e-6, atol=1e-30)
        assert np.all(np.abs(quantized * scales - weights) <= scales * 0.5001)
        assert np.abs(quantized).max() == 127 and not quantized[2].any()


def model_of(kernel: np.ndarray, vector: np.ndarray) -> onnx.ModelProto:
    """x · kernel + vector."""
    nodes = [helper.make_node("MatMul", ["x", "kernel"], ["y"]), helper.make_node("Add", ["y", "vector"], ["z"])]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
        for name, size in (("x", kernel.shape[0]), ("z", kernel.shape[1]))
    ]
    stored = [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(vector, "vector")]
    graph = helper.make_graph(nodes, "it", values[:1], values[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def run(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


@pytest.mark.parametrize("store", [store_in_float16, store_in_int8])
def test_the_graph_computes_with_the_rounded_weights(store: object) -> None:
    random = np.random.default_rng(1)
    # Columns of very different sizes: the scales must be those of the columns.
    kernel = (random.normal(size=(32, 20)) * np.logspace(-3, 0, 20)).astype(np.float32)
    vector, x = random.normal(size=20).astype(np.float32), random.normal(size=(5, 32)).astype(np.float32)
    model = model_of(kernel, vector)
    store(model.graph)
    if store is store_in_float16:
        rounded = kernel.astype(np.float16).astype(np.float32)
    else:
        quantized, scales = quantize(kernel, 1)
        rounded = quantized * scales
        assert len(model.SerializeToString()) < 0.7 * len(model_of(kernel, vector).SerializeToString())
    np.testing.assert_allclose(run(model, x), x @ rounded + vector, rtol=0, atol=1e-5)


@pytest.mark.parametrize("store", [store_in_float16, store_in_int8])
def test_small_tensors_and_numbers_out_of_range_stay_as_they_are(store: object) -> None:
    small = model_of(np.ones((4, MIN_NUMBERS // 8), np.float32), np.ones(MIN_NUMBERS // 8, np.float32))
    store(small.graph)
    assert {tensor.data_type for tensor in small.graph.initializer} == {TensorProto.FLOAT}
    large = np.full((32, 20), 1e30, np.float32)
    model = model_of(large, np.zeros(20, np.float32))
    store(model.graph)
    np.testing.assert_allclose(run(model, np.ones((1, 32), np.float32)), np.full((1, 20), 32e30), rtol=1e-5)
