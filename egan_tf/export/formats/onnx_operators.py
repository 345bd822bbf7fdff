"""Operators of TensorFlow that tf2onnx does not convert, or converts wrongly, written in operators of ONNX.

`HANDLERS` maps the name of an operator to the entry that `tf2onnx.convert` takes as `custom_op_handlers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

Handler = Callable[[Any, Any, str, list[Any]], None]
"""Replaces a node of a graph of tf2onnx; the last two arguments are the node's name and an empty list."""


def _erfc(graph: Any, node: Any, *_: Any) -> None:
    """Erfc x = 1 − erf x."""
    erf = graph.make_node("Erf", [node.input[0]])
    _replace(graph, node, "Sub", [_constant(graph, node, 1.0), erf.output[0]])


def _expm1(graph: Any, node: Any, *_: Any) -> None:
    exponential = graph.make_node("Exp", [node.input[0]])
    _replace(graph, node, "Sub", [exponential.output[0], _constant(graph, node, 1.0)])


def _log1p(graph: Any, node: Any, *_: Any) -> None:
    _replace(graph, node, "Log", [_add_one(graph, node, node.input[0])])


def _xlogy(graph: Any, node: Any, *_: Any) -> None:
    """x log y, and 0 for x = 0."""
    _product_with_log(graph, node, node.input[0], node.input[1])


def _xlog1py(graph: Any, node: Any, *_: Any) -> None:
    _product_with_log(graph, node, node.input[0], _add_one(graph, node, node.input[1]))


def _xdivy(graph: Any, node: Any, *_: Any) -> None:
    """x / y, and 0 for x = 0."""
    x, y = node.input
    quotient = graph.make_node("Div", [x, y])
    _replace(graph, node, "Where", [_is_zero(graph, node, x), _constant(graph, node, 0.0), quotient.output[0]])


def _conv3d(graph: Any, node: Any, *_: Any) -> None:
    """As tf2onnx, which finds the groups of flat convolutions only."""
    from tf2onnx.onnx_opset.nn import ConvOp

    axis = 1 if node.get_attr_value("data_format") == "NCDHW" else -1
    channels, channels_per_group = graph.get_shape(node.input[0])[axis], graph.get_shape(node.input[1])[-2]
    ConvOp.any_version(graph.opset, graph, node)
    node.set_attr("group", channels // channels_per_group)


def _resize(graph: Any, node: Any, *_: Any) -> None:
    """A resizing of fixed size as two products with the matrices of its weights.

    A resizing is linear and separable: what it makes of the rows of the identity matrix are its weights, exactly those
    of TensorFlow. `Resize` of ONNX has no Lanczos kernels, and others at the borders.
    """
    shape, target = graph.get_shape(node.input[0]), graph.get_shape(node.output[0])
    if not shape or not target or min(shape[1:]) < 0 or min(target[1:]) < 0:
        raise ValueError(f"{node.type} from {shape} to {target}: both sizes must be fixed")
    height, width, channels = shape[1:]
    rows, columns = target[1:3]
    attributes = {name: node.get_attr_value(name) for name in node.attr}
    vertical, horizontal = (
        _weights(node.type, old, new, attributes) for old, new in ((height, rows), (width, columns))
    )
    # [n, h, w, c]: the last two axes are the matrix; then [n, h, columns · c] for the other direction.
    across = graph.make_node("MatMul", [_constant(graph, node, horizontal), node.input[0]])
    flat = graph.make_node("Reshape", [across.output[0], _constant(graph, node, [0, 0, columns * channels], np.int64)])
    down = graph.make_node("MatMul", [_constant(graph, node, vertical), flat.output[0]])
    _replace(
        graph,
        node,
        "Reshape",
        [down.output[0], _constant(graph, node, [0, rows, columns, channels], np.int64)],
    )


def _weights(kind: str, size: int, target: int, attributes: dict[str, Any]) -> np.ndarray:
    """The weights [target, size] of a resizing along one axis.

    `ScaleAndTranslate` is taken as `tf.image.resize` calls it; of other calls the verification would tell.
    """
    # The handlers run inside a graph of tf2onnx, where nothing is computed at once.
    with tf.Graph().as_default(), tf.device("CPU:0"):
        pixels = tf.eye(size)[None, :, None, :]  # [1, size, 1, size]: the pixels of a column as channels
        if kind == "ResizeBicubic":
            options = {name: bool(attributes.get(name, False)) for name in ("align_corners", "half_pixel_centers")}
            resized = tf.raw_ops.ResizeBicubic(images=pixels, size=[target, 1], **options)
        else:
            resized = tf.raw_ops.ScaleAndTranslate(
                images=pixels,
                size=[target, 1],
                scale=[target / size, 1.0],
                translation=[0.0, 0.0],
                kernel_type=_text(attributes.get("kernel_type", "lanczos3")),
                antialias=bool(attributes.get("antialias", True)),
            )
        with tf.compat.v1.Session(config=tf.compat.v1.ConfigProto(device_count={"GPU": 0})) as session:
            weights: np.ndarray = session.run(resized)[0, :, 0, :]
    return weights


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _product_with_log(graph: Any, node: Any, factor: str, argument: str) -> None:
    logarithm = graph.make_node("Log", [argument])
    product = graph.make_node("Mul", [factor, logarithm.output[0]])
    _replace(graph, node, "Where", [_is_zero(graph, node, factor), _constant(graph, node, 0.0), product.output[0]])


def _add_one(graph: Any, node: Any, value: str) -> str:
    return graph.make_node("Add", [value, _constant(graph, node, 1.0)]).output[0]


def _is_zero(graph: Any, node: Any, value: str) -> str:
    return graph.make_node("Equal", [value, _constant(graph, node, 0.0)]).output[0]


def _constant(graph: Any, node: Any, value: Any, dtype: type[np.generic] = np.float32) -> str:
    from tf2onnx import utils

    return graph.make_const(utils.make_name(node.name), np.array(value, dtype)).output[0]


def _replace(graph: Any, node: Any, kind: str, inputs: list[str]) -> None:
    """Puts a node of another kind, which has the name of the replaced one, in its place."""
    shapes, types, outputs = node.output_shapes, node.output_dtypes, node.output
    graph.remove_node(node.name)
    graph.make_node(kind, inputs, name=node.name, outputs=outputs, shapes=shapes, dtypes=types)


HANDLERS: dict[str, tuple[Handler, list[Any]]] = {
    "Conv3D": (_conv3d, []),
    "Erfc": (_erfc, []),
    "Expm1": (_expm1, []),
    "Log1p": (_log1p, []),
    "ResizeBicubic": (_resize, []),
    "ScaleAndTranslate": (_resize, []),
    "Xdivy": (_xdivy, []),
    "Xlog1py": (_xlog1py, []),
    "Xlogy": (_xlogy, []),
}


def repair_attributes(graph: Any) -> None:
    """Replaces attributes that tf2onnx writes and onnxruntime refuses, or warns of, by others of the same effect.

    Args:
        graph: an `onnx.GraphProto`.
    """
    for node in graph.node:
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type == "ConvTranspose" and "pads" in attributes:
            _repair_pads(node, attributes["pads"].ints)
        mode = attributes.get("coordinate_transformation_mode")
        if mode is not None and mode.s == b"tf_half_pixel_for_nn":  # floor((x + ½) / scale)
            mode.s, attributes["nearest_mode"].s = b"half_pixel", b"round_prefer_ceil"


def _repair_pads(node: Any, pads: Any) -> None:
    """Turns negative paddings into output paddings: TensorFlow appends zeros after the last pixel."""
    import onnx

    count = len(pads) // 2
    totals = [pads[axis] + pads[axis + count] for axis in range(count)]
    if min(totals, default=0) >= 0:
        return
    for axis, total in enumerate(totals):
        if total < 0:
            pads[axis] = pads[axis + count] = 0
    node.attribute.append(onnx.helper.make_attribute("output_padding", [max(0, -total) for total in totals]))
