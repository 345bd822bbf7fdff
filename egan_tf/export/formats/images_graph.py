"""Turns an ONNX graph of samples into one of pictures, and its noise and labels into those of torch-fidelity."""

from __future__ import annotations

from typing import Any

import numpy as np

from egan_tf.sampling.spec import SamplingSpec

OUTPUT = "images"


def make_pictures(graph: Any, spec: SamplingSpec) -> None:
    """Appends the arithmetic of `egan_tf.sampling.pictures.to_pixels` and `on_white` to an `onnx.GraphProto`.

    Args:
        graph: `noise` float32 [batch, latent_size], and perhaps `labels` int32 [batch], to `samples` float32 [batch, H,
            W, C]. Afterwards noise, uniform in [0, 1) if it is uniform, and labels int64, to `images` uint8 [batch, 3,
            H, W].
        spec: of the generator.
    """
    import onnx

    nodes = _Nodes(graph)
    height, width, channels = spec.sample_shape
    pixels = _pixels(nodes, spec)
    if channels == 4:
        pixels = _on_white(nodes, pixels)
    elif channels == 1:
        pixels = nodes.add("Concat", [pixels] * 3, axis=3)
    nodes.add("Transpose", [nodes.add("Cast", [pixels], to=onnx.TensorProto.UINT8)], OUTPUT, perm=[0, 3, 1, 2])
    del graph.output[:]
    shape = ["batch", 3, height, width]
    graph.output.append(onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.UINT8, shape))
    _take_other_inputs(graph, spec)


def _pixels(nodes: _Nodes, spec: SamplingSpec) -> str:
    """Whole numbers from 0 to 255, float32: the samples scaled, rounded, halves to even, and clipped."""
    low, high = spec.value_range or (-1.0, 1.0)
    shifted = nodes.add("Sub", ["samples", nodes.constant(np.float32(low))])
    scaled = nodes.add("Mul", [shifted, nodes.constant(np.float32(255 / (high - low)))])
    bounds = [nodes.constant(np.float32(0)), nodes.constant(np.float32(255))]
    return nodes.add("Clip", [nodes.add("Round", [scaled]), *bounds])


def _on_white(nodes: _Nodes, pixels: str) -> str:
    """(colour · alpha + 255 · (255 − alpha) + 127) // 255, in whole numbers."""
    import onnx

    whole = nodes.add("Cast", [pixels], to=onnx.TensorProto.INT32)
    axis = nodes.constant(np.array([3]))
    colour, alpha = (
        nodes.add("Slice", [whole, nodes.constant(np.array([start])), nodes.constant(np.array([end])), axis])
        for start, end in ((0, 3), (3, 4))
    )
    white = nodes.constant(np.int32(255))
    rest = nodes.add("Mul", [white, nodes.add("Sub", [white, alpha])])
    total = nodes.add(
        "Add", [nodes.add("Mul", [colour, alpha]), nodes.add("Add", [rest, nodes.constant(np.int32(127))])]
    )
    return nodes.add("Div", [total, white])


def _take_other_inputs(graph: Any, spec: SamplingSpec) -> None:
    """Puts nodes before the graph that make its own noise and labels of the ones that are given."""
    import onnx

    first = _Nodes(graph, 0)
    renamed = {}
    if spec.distribution == "uniform":
        doubled = first.add("Mul", ["noise", first.constant(np.float32(2))])
        renamed["noise"] = first.add("Sub", [doubled, first.constant(np.float32(1))])
    if spec.classes:
        renamed["labels"] = first.add("Cast", ["labels"], to=onnx.TensorProto.INT32)
        (given,) = (value for value in graph.input if value.name == "labels")
        given.CopyFrom(onnx.helper.make_tensor_value_info("labels", onnx.TensorProto.INT64, ["batch"]))
    for node in graph.node[first.position :]:
        node.input[:] = [renamed.get(name, name) for name in node.input]


class _Nodes:
    """Adds nodes and constants to a graph, under names that it does not use."""

    def __init__(self, graph: Any, position: int | None = None) -> None:
        """Args: graph: to add to. position: of the next node; None for the end."""
        self.graph, self.position = graph, len(graph.node) if position is None else position

    def add(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Adds a node; returns the name of its output."""
        import onnx

        output = output or f"pictures/{kind}/{len(self.graph.node)}"
        node = onnx.helper.make_node(kind, inputs, [output], name=output, **attributes)
        self.graph.node.insert(self.position, node)
        self.position += 1
        return output

    def constant(self, value: Any) -> str:
        """Adds a constant; returns its name."""
        import onnx

        name = f"pictures/constant/{len(self.graph.initializer)}"
        self.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        return name
