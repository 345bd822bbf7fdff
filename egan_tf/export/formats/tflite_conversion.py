"""Converts a generator by TensorFlow Lite's converter."""

from __future__ import annotations

import re
import tempfile

import tensorflow as tf

from egan_tf.export.formats.base import FormatError
from egan_tf.export.layers import layer_of
from egan_tf.export.source import Source
from egan_tf.utils.quiet import silent_libraries

_MISSING = re.compile(r"(?:TF Select|Custom) ops: ([^\n]+)")


def convert(source: Source, half: bool) -> bytes:
    """The generator as a model of TensorFlow Lite's own operators.

    Args:
        source: the generator.
        half: stores the weights in float16.

    Raises:
        FormatError: it has other operators; names them.
    """
    with tempfile.TemporaryDirectory() as folder, silent_libraries():
        module = tf.Module()
        module.serve = tf.function(source.serve, input_signature=source.signature, autograph=False)
        module.weights = [weight.value for weight in source.model.variables]
        # Only from a SavedModel it takes the signature, by whose names the interpreter is called.
        tf.saved_model.save(module, folder, signatures={"serving_default": module.serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if half:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        try:
            model: bytes = converter.convert()
        except Exception as error:
            missing = _MISSING.search(str(error))
            if missing is None:
                raise
            layer = layer_of(str(error), source.model)
            place = "" if layer is None else f" (layer {layer!r})"
            raise FormatError(f"TensorFlow Lite has no operator {missing[1].strip()}{place}") from error
    return model
