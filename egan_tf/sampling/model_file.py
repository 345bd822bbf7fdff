"""Which file of an export the sampler opens, and where the export is that a name means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from egan_tf.sampling.integrity import CARD_FILE
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


MODELS, REFERENCE = Path("saved_models"), "reference"
"""Where exports are, relative to the working directory, and those that the project ships beside them."""
_PACKAGE = Path(__file__).parents[1]
_PLACES = (_PACKAGE / "models", _PACKAGE.parent / MODELS / REFERENCE)
SHIPPED = next((place for place in _PLACES if place.is_dir()), _PLACES[0])
"""Exports that are installed with the package, a folder for each name; those of the checkout, if it runs from there."""

GIVEN, SAVED, INSTALLED = "the given path", "saved_models", "installed with egan_tf"
"""Where a model was found."""


class Found(NamedTuple):
    """The ONNX file of a model, or its export.

    Attributes:
        path: the file, or the folder.
        place: where it was found: `GIVEN`, `SAVED` or `INSTALLED`.
    """

    path: Path
    place: str


def find_model_file(path: str | os.PathLike[str]) -> Found:
    """The ONNX file to open.

    A name without a slash that is no file, and no folder with an ONNX file, is looked for in `./saved_models`, in
    `./saved_models/reference`, and among the models that are installed with the package.

    Args:
        path: the file, or the directory of an export, of whose files it is the first of `PREFERENCE` that exists; or
            the name of an export, such as "digits".

    Raises:
        InputError: there is none, or the path is that of another format; the message says how that is opened.
    """
    require(isinstance(path, (str, os.PathLike)), "path", f"must be a path, got {format_value(path)}")
    try:
        given = Path(path)
        files = [given / name for name in PREFERENCE] if given.is_dir() else [given]
        found = [file for file in files if file.exists()]
        named = None if found else _find_name(path)
        if named is not None:
            return named
        others = sorted(file for file in (given.iterdir() if given.is_dir() else found) if _of_another_format(file))
    except (OSError, TypeError, ValueError) as error:
        raise InputError("path", f"cannot read it: {error}") from error
    if others and (others == found or not found):
        problem = f"{others[0]} {_of_another_format(others[0])}; a sampler opens {', '.join(PREFERENCE)}"
        raise InputError("path", problem)
    require(bool(found), "path", f"no file {files[0]}; {_advice(path)}")
    return Found(found[0], GIVEN)


def find_export(path: str | os.PathLike[str]) -> Found:
    """The folder of an export, or a file or folder in one.

    A name without a slash, of nothing that exists, is looked for where `find_model_file` looks. There a folder counts
    if it has an ONNX file, which a sampler opens, or a card.

    Args:
        path: the folder or file; or the name of an export, such as "digits".

    Raises:
        InputError: there is none.
    """
    try:
        there = Path(path).exists()
        named = None if there else _find_name(path, (*PREFERENCE, CARD_FILE))
    except (OSError, TypeError, ValueError) as error:
        raise InputError("path", f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if named is not None:
        return Found(named.path.parent, named.place)
    require(there, "path", f"no file or folder {path}{_shipped_advice(path)}")
    return Found(Path(path), GIVEN)


def is_name(path: str | os.PathLike[str]) -> bool:
    """True for a name without folders, not even `./`, which may mean a model in several places."""
    text = os.fspath(path)
    return Path(text).name == text and text not in ("", "..")


def shipped_names() -> list[str]:
    """The names of the models that are installed with the package."""
    return sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir()) if SHIPPED.is_dir() else []


def _find_name(name: str | os.PathLike[str], files: Sequence[str] = PREFERENCE) -> Found | None:
    """The first of some files in the folders that a name may mean; None if there is none, or it is no name."""
    if not is_name(name):
        return None
    for folder, place in ((MODELS, SAVED), (MODELS / REFERENCE, SAVED), (SHIPPED, INSTALLED)):
        for file in files:
            if (folder / name / file).exists():
                return Found(folder / name / file, place)
    return None


def _advice(path: str | os.PathLike[str]) -> str:
    return f"train and export a generator first{_shipped_advice(path, ', or ')}"


def _shipped_advice(path: str | os.PathLike[str], joint: str = "; ") -> str:
    """What to name instead of a name that is unknown; "" for a path."""
    shipped = shipped_names() if is_name(path) else []
    return f"{joint}name one that is installed: {', '.join(shipped)}" if shipped else ""


def _of_another_format(file: Path) -> str:
    """What a file of another format is, in a phrase; "" if it is none."""
    if (file / SAVED_MODEL_FILE).exists():
        file = file / SAVED_MODEL_FILE
    return next((reason for name, reason in _OTHERS.items() if name in (file.name, file.suffix)), "")
