"""Which file of an export a sampler opens, and what it says of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from egan_tf import InputError, Sampler
from egan_tf.sampling import model_file
from egan_tf.sampling.command import main
from egan_tf.sampling.model_file import GIVEN, INSTALLED, PREFERENCE, SAVED
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


def test_a_name_is_a_path_then_saved_then_a_reference_then_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_file, "SHIPPED", tmp_path / "package")
    places = {
        "package/it": (tmp_path / "package" / "it", INSTALLED),
        "saved_models/reference/it": (Path("saved_models/reference/it"), SAVED),
        "saved_models/it": (Path("saved_models/it"), SAVED),
        "it": (Path("it"), GIVEN),
    }
    for made, (folder, place) in places.items():
        (tmp_path / made).mkdir(parents=True)
        put(tmp_path / made, b"of another program", "notes.txt")
        if made == "it":
            assert Sampler("it").place == SAVED, "a folder without a model is none"
        put(tmp_path / made, build(IMAGE))
        sampler = Sampler("it")
        assert (sampler.path, sampler.place) == (folder / "generator.onnx", place)
        assert main(["it", "--count", "1", "--out", f"{len(made)}.png"]) == 0
        assert capsys.readouterr().out.splitlines()[0] == f"model {sampler.path} ({place})"
    assert main(["./it", "--count", "1", "--out", "last.png"]) == 0
    assert "model" not in capsys.readouterr().out, "a path with folders says which"


@pytest.mark.parametrize("name", ["../it", "sub/it", "/it", "..", ".", ""])
def test_only_names_are_looked_for_elsewhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("saved_models/sub/it", "saved_models/reference"):
        (tmp_path / folder).mkdir(parents=True)
    put(tmp_path / "saved_models" / "sub" / "it", build(IMAGE))
    put(tmp_path / "saved_models", build(IMAGE))
    with pytest.raises(InputError, match="^path: no file "):
        Sampler(name)


def test_an_unknown_name_lists_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(model_file, "SHIPPED", tmp_path / "package")
    for name in ("ring8", "digits"):
        (tmp_path / "package" / name).mkdir(parents=True)
    problem = "no file digit; train and export a generator first, or name one that is installed: digits, ring8$"
    with pytest.raises(InputError, match=problem):
        Sampler("digit")


def test_nothing_is_as_before(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", tmp_path / "absent.keras"):
        with pytest.raises(InputError, match=r"^path: no file .*; train and export a generator first$"):
            Sampler(path)


@pytest.mark.parametrize("name", ["it.keras", "images.onnx", "saved_model"])
def test_the_name_of_a_folder_says_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    put(tmp_path / name, build(IMAGE))
    assert Sampler(tmp_path / name).path.name == "generator.onnx"
