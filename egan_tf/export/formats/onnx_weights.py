"""Smaller weights in an ONNX graph: stored in float16 or int8, and turned into float32 where they enter the graph.

`Cast`, and `Mul` with the scales, are computed once when a session is opened: onnxruntime folds constants. It does not
fold `DequantizeLinear`, which it keeps for kernels of quantized activations, and so would compute it in every call. The
generator itself computes in float32 everywhere: transposed convolutions have no integer kernels in onnxruntime, and few
CPUs compute in float16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

MIN_NUMBERS = 128
"""Smaller tensors stay in float32: a node would take more bytes than it saves."""
LEVELS = 127
"""int8 from -127 to 127, so that zero is kept and both signs reach as far."""
_FLOAT16_MAX = float(np.finfo(np.float16).max)


def store_in_float16(graph: Any) -> None:
    """Stores the weights of an `onnx.GraphProto` in float16, rounded to nearest.

    Tensors with numbers beyond the range of float16 stay in float32.
    """
    _replace(graph, lambda name, values: _in_float16(name, values) if values.size >= MIN_NUMBERS else None)


def store_in_int8(graph: Any) -> None:
    """Stores the kernels of an `onnx.GraphProto` in int8, with a float32 scale for each channel.

    A weight w of channel c becomes round(w / s_c), where s_c is the largest absolute weight of the channel by 127. The
    channels are those of the first or of the second axis, whichever leaves the smaller squared error: input and output
    channels stand in another order in every kind of layer. Vectors, such as biases, stay in float32.
    """
    _replace(
        graph, lambda name, values: _in_int8(name, values) if values.ndim > 1 and values.size >= MIN_NUMBERS else None
    )


Stored = tuple[list[Any], list[Any]]
"""The tensors that replace one, and the nodes that compute it from them."""


def _replace(graph: Any, store: Callable[[str, np.ndarray], Stored | None]) -> None:
    import onnx

    kept, nodes = [], []
    for tensor in graph.initializer:
        is_float = tensor.data_type == onnx.TensorProto.FLOAT
        stored = store(tensor.name, onnx.numpy_helper.to_array(tensor)) if is_float else None
        kept += [tensor] if stored is None else stored[0]
        nodes += [] if stored is None else stored[1]
    _set(graph.initializer, kept)
    _set(graph.node, [*nodes, *graph.node])


def _set(field: Any, items: Iterable[Any]) -> None:
    copied = list(items)
    del field[:]
    field.extend(copied)


def _in_float16(name: str, values: np.ndarray) -> Stored | None:
    import onnx

    if not np.abs(values).max() <= _FLOAT16_MAX:
        return None
    stored = onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}/float16")
    return [stored], [onnx.helper.make_node("Cast", [stored.name], [name], to=onnx.TensorProto.FLOAT)]


def _in_int8(name: str, values: np.ndarray) -> Stored | None:
    import onnx

    if not np.isfinite(values).all():
        return None
    quantized, scales = min((quantize(values, axis) for axis in (0, 1)), key=lambda found: _error(values, *found))
    whole, steps, cast = f"{name}/int8", f"{name}/scale", f"{name}/cast"
    tensors = [onnx.numpy_helper.from_array(quantized, whole), onnx.numpy_helper.from_array(scales, steps)]
    to_float = onnx.helper.make_node("Cast", [whole], [cast], to=onnx.TensorProto.FLOAT)
    return tensors, [to_float, onnx.helper.make_node("Mul", [cast, steps], [name])]


def quantize(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Rounds numbers to multiples of a scale for each position along an axis.

    Args:
        values: float32 [...].
        axis: of the channels.

    Returns:
        int8 of the same shape, and float32 scales with a size of 1 along the other axes; their product is close to the
        values, by half a scale.
    """
    others = tuple(other for other in range(values.ndim) if other != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    # The smallest normal number, so that the quotient of a channel of zeros is zero.
    scales = np.maximum(largest / LEVELS, np.finfo(np.float32).tiny).astype(np.float32)
    return np.clip(np.rint(values / scales), -LEVELS, LEVELS).astype(np.int8), scales


def _error(values: np.ndarray, quantized: np.ndarray, scales: np.ndarray) -> float:
    return float(np.sum(np.square(quantized * scales - values, dtype=np.float64)))
