"""Which file of an export a sampler opens, and what it says of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from egan_tf import InputError, Sampler
from egan_tf.sampling.model_file import PREFERENCE
from tests.sampling.onnx_files import IMAGE, build, put


def test_the_nearest_to_the_generator_is_preferred(tmp_path: Path) -> None:
    assert PREFERENCE == ("generator.onnx", "generator_float16.onnx", "generator_int8.onnx")
    for name in reversed(PREFERENCE):
        put(tmp_path, build(IMAGE), name)
        assert Sampler(tmp_path).path == tmp_path / name
        assert Sampler(tmp_path / name).path == tmp_path / name


OTHERS = {
    "images.onnx": "makes uint8 pictures for other programs",
    "generator.keras": "is a Keras model",
    "generator.tflite": "is a TensorFlow Lite model",
    "generator_float16.tflite": "is a TensorFlow Lite model",
    "saved_model/saved_model.pb": "is of a SavedModel",
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_format_says_who_opens_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"something")
    for path in {tmp_path, tmp_path / name, (tmp_path / name).parent}:
        with pytest.raises(InputError, match=f"^path: .* {OTHERS[name]}.*; a sampler opens generator.onnx, "):
            Sampler(path)
    put(tmp_path, build(IMAGE))
    assert Sampler(tmp_path).path.name == "generator.onnx", "beside an ONNX file it does not matter"


def test_nothing_is_as_before(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", tmp_path / "absent.keras"):
        with pytest.raises(InputError, match=r"^path: no file .*; train and export a generator first$"):
            Sampler(path)


@pytest.mark.parametrize("name", ["it.keras", "images.onnx", "saved_model"])
def test_the_name_of_a_folder_says_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    put(tmp_path / name, build(IMAGE))
    assert Sampler(tmp_path / name).path.name == "generator.onnx"
