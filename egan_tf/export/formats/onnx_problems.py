"""Why a converted graph is no ONNX file that the sampler takes: the operator and its Keras layer."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.export.formats.base import FormatError
from egan_tf.export.layers import place_of
from egan_tf.sampling.onnx_graph import find_problem


def check_operators(model: Any, source: keras.Model) -> None:
    """Refuses an `onnx.ModelProto` with operators that ONNX has not, or that the sampler refuses.

    Args:
        model: what tf2onnx made. It keeps operators that it does not know.
        source: the Keras model.

    Raises:
        FormatError: names the operator and the layer.
    """
    import onnx

    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    for node in model.graph.node:
        known = node.domain not in ("", "ai.onnx") or onnx.defs.has(node.op_type, opset, "")
        if not known or _refused(node):
            raise FormatError(f"operator {node.op_type} {place_of(node.name, source)} cannot be converted")


def _refused(node: Any) -> bool:
    import onnx

    alone = onnx.helper.make_model(onnx.helper.make_graph([node], "one", [], []))
    return find_problem(alone.SerializeToString()) is not None
