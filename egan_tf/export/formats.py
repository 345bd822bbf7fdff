"""The formats of an export: to add one, write its `write` and `load`, and name them here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from egan_tf.export import onnx_file, saved_model
from egan_tf.export.source import Source
from egan_tf.export.verify import Run


class Format(NamedTuple):
    """How to write a generator into a directory, and how to run it from there.

    Attributes:
        write: puts the generator into the directory.
        load: reads it back: a function from noise to samples, both float32 arrays, for any batch size.
    """

    write: Callable[[Source, Path], None]
    load: Callable[[Path], Run]


FORMATS: dict[str, Format] = {
    "saved_model": Format(saved_model.write, saved_model.load),
    "onnx": Format(onnx_file.write, onnx_file.load),
}
"""Name to format."""
