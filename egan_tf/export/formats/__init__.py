"""The formats of an export, by name. To add one, write a subclass of `Format` and name it in `FORMATS`."""

from __future__ import annotations

from egan_tf.export.formats.base import Format, SampleFn
from egan_tf.export.formats.onnx_file import OnnxFile
from egan_tf.export.formats.saved_model import SavedModel

__all__ = ["FORMATS", "Format", "SampleFn"]

FORMATS: dict[str, Format] = {
    "onnx": OnnxFile(),
    "saved_model": SavedModel(),
}
