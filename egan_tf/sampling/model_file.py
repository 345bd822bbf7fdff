"""Which file of an export the sampler opens."""

from __future__ import annotations

import os
from pathlib import Path

from egan_tf.utils.checks import InputError, format_value, require

ONNX_FILE, FLOAT16_FILE, INT8_FILE = "generator.onnx", "generator_float16.onnx", "generator_int8.onnx"
PREFERENCE = (ONNX_FILE, FLOAT16_FILE, INT8_FILE)
"""Of the files of a directory the first that exists is opened: the nearest to the trained generator."""

IMAGES_FILE, KERAS_FILE = "images.onnx", "generator.keras"
TFLITE_FILE, TFLITE_FLOAT16_FILE = "generator.tflite", "generator_float16.tflite"
SAVED_MODEL_FILE = "saved_model.pb"
_OTHERS = {
    IMAGES_FILE: "makes uint8 pictures for other programs, such as torch-fidelity",
    SAVED_MODEL_FILE: "is of a SavedModel, which TensorFlow loads: tf.saved_model.load",
    ".keras": "is a Keras model, which Keras loads: keras.saving.load_model",
    ".tflite": "is a TensorFlow Lite model, which its interpreter loads",
}
"""Files that the sampler does not open, by name or ending."""


def find_model_file(path: str | os.PathLike[str]) -> Path:
    """The ONNX file to open.

    Args:
        path: the file, or the directory of an export; of its files the first of `PREFERENCE` that exists.

    Raises:
        InputError: there is none, or the path is that of another format; the message says how that is opened.
    """
    require(isinstance(path, (str, os.PathLike)), "path", f"must be a path, got {format_value(path)}")
    try:
        given = Path(path)
        files = [given / name for name in PREFERENCE] if given.is_dir() else [given]
        found = [file for file in files if file.exists()]
        others = sorted(file for file in (given.iterdir() if given.is_dir() else found) if _of_another_format(file))
    except (OSError, TypeError, ValueError) as error:
        raise InputError("path", f"cannot read it: {error}") from error
    if others and (others == found or not found):
        problem = f"{others[0]} {_of_another_format(others[0])}; a sampler opens {', '.join(PREFERENCE)}"
        raise InputError("path", problem)
    require(bool(found), "path", f"no file {files[0]}; train and export a generator first")
    return found[0]


def _of_another_format(file: Path) -> str:
    """What a file of another format is, in a phrase; "" if it is none."""
    if (file / SAVED_MODEL_FILE).exists():
        file = file / SAVED_MODEL_FILE
    return next((reason for name, reason in _OTHERS.items() if name in (file.name, file.suffix)), "")
