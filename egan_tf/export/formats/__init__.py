"""The formats of an export, by name. To add one, write a subclass of `Format` and name it in `FORMATS`."""

from __future__ import annotations

from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.formats.images_file import Images
from egan_tf.export.formats.keras_file import KerasFile
from egan_tf.export.formats.onnx_file import OnnxFile, OnnxFloat16, OnnxInt8
from egan_tf.export.formats.saved_model_folder import SavedModelFolder
from egan_tf.export.formats.tflite_file import TFLite, TFLiteFloat16

__all__ = ["FORMATS", "Format", "SampleFn"]

FORMATS: dict[str, Format] = {
    "onnx": OnnxFile(),
    "onnx_float16": OnnxFloat16(),
    "onnx_int8": OnnxInt8(),
    "images": Images(),
    "saved_model": SavedModelFolder(),
    "keras": KerasFile(),
    "tflite": TFLite(),
    "tflite_float16": TFLiteFloat16(),
}
"""By the name that `--formats` takes and a card lists."""
