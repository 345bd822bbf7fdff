"""Command lines and programs in a card work, whatever the path of the export and the shape of its samples."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf.commands import export as export_command
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.readme import render_readme
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.sampling.command import main
from tests.export.cards import programs, shell
from tests.sampling.onnx_files import CLASSES, IMAGE, POINT, build, put

PATHS = (
    *("out/my model", 'a "quoted" name', "it's", "$(touch x)", "`touch x`", "back\\slash", "-dash", "--count", "a;b&c"),
    *("*", "~x", "#1", "modèle/été", "a\tb", "%s", "{path}", "{0}", "'''", '"""'),
)
WIDE = SamplingSpec(16, "normal", (5,), None)
CARD = {
    "name": "it",
    "created": "2026-01-01",
    "versions": {"egan_tf": "1"},
    "preview": None,
    "parameters": 1,
    "verification": {},
    "files": {},
}


def classes(count: int, shape: tuple[int, ...] = (2, 2, 1), names: tuple[str, ...] = ()) -> SamplingSpec:
    value_range = (-1.0, 1.0) if len(shape) == 3 else None
    return SamplingSpec(4, "normal", shape, value_range, count, names or tuple(f"class {i}" for i in range(count)))


def usage(path: str, spec: SamplingSpec, names: list[str] | None = None) -> str:
    formats = [FORMATS[name] for name in names or ("onnx",)]
    return render_readme({**CARD, **({"class_names": ["x"]} if spec.classes else {})}, spec, formats, path)


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_one_word_and_one_text(path: str) -> None:
    readme = usage(path, IMAGE, list(FORMATS))
    typed = f"./{path}" if path.startswith("-") else path
    found = [word for words in shell(readme) for word in words if word == typed or word.startswith(f"{typed}/")]
    files = [f"{typed}/{name}.onnx" for name in ("generator", "generator_float16", "generator_int8", "images")]
    assert found == [typed, *files, typed]
    for program in programs(readme):
        texts = [node.value for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Constant)]
        files = [text for text in texts if isinstance(text, str) and text.startswith(path)]
        assert any(Path(file).name.startswith(("generator", "images", "saved_model")) for file in files)


@pytest.mark.parametrize("path", ["models/it", "saved_models/reference/digits", "it", "a.b/c-d_1"])
def test_an_ordinary_path_stands_as_it_is(path: str) -> None:
    readme = usage(path, IMAGE, list(FORMATS))
    assert f"egan-export verify {path}\n" in readme
    assert f'Sampler("{path}/generator.onnx")' in readme
    assert f"`egan-sample {path} --nearest DATA --out near.png` sets samples of images beside the nearest" in readme
    assert f"python -m egan_tf.sampling {path}/generator.onnx --count 64 --seed 0 --out grid.png\n" in readme


@pytest.mark.parametrize("folder", ['out/my "own" model $x', "-dash", "it's"])
def test_what_the_card_of_an_export_says_works(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = [keras.Input((3,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    options: dict[str, Any] = {"value_range": (-1, 1), "formats": ["onnx", "images"]}
    readme = (export_generator(keras.Sequential(image), folder, **options) / "README.md").read_text("utf-8")
    verify, sample, _, nearest = shell(readme)
    assert export_command.main([*verify[1:], "--files-only"]) == 0
    main(sample[3:])
    main([*nearest[1:3], "digits", *nearest[4:]])
    assert Path("grid.png").exists() and Path("near.png").exists()
    for program in programs(readme):
        namespace: dict[str, Any] = {}
        exec(program, namespace)
        assert len(namespace["samples"]) == 64


SPECS = {
    "images": (IMAGE, "--count 64 --seed 0 --out grid.png"),
    "points": (POINT, "--count 64 --seed 0 --out grid.png"),
    "five numbers": (WIDE, "--count 64 --seed 0 --out samples.npy"),
    "two channels": (SamplingSpec(4, "normal", (3, 3, 2), None), "--count 64 --seed 0 --out samples.npy"),
    "classes": (CLASSES, "--each-label --seed 0 --out grid.png"),
    "classes of five numbers": (classes(3, (5,)), "--each-label --seed 0 --out samples.npy"),
    "as many classes as a grid holds": (classes(1250), "--each-label --seed 0 --out grid.png"),
    "more classes": (classes(1251), "--label 0 --count 64 --seed 0 --out grid.png"),
    "more classes of points": (classes(1251, (2,)), "--each-label --seed 0 --out grid.png"),
    "more classes of five numbers": (classes(1251, (5,)), "--each-label --seed 0 --out samples.npy"),
    "more classes, named by numbers": (
        classes(1251, names=tuple(str(1250 - i) for i in range(1251))),
        "--label 00 --count 64 --seed 0 --out grid.png",
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_the_command_line_samples_what_the_generator_makes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec, says = SPECS[name]
    Path("it").mkdir()
    put(Path("it"), build(spec))
    words = next(words for words in shell(usage("it", spec)) if words[0] == "python")
    assert words == ["python", "-m", "egan_tf.sampling", "it/generator.onnx", *says.split()]
    main(words[3:])
    assert Path(words[-1]).exists()


@pytest.mark.parametrize("names", [("shirt", "shoe", "hat"), ("1", "0", "2")])
def test_the_command_for_neighbours_names_a_class(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("it").mkdir()
    spec = classes(3, (8, 8, 1), names)
    put(Path("it"), build(spec))
    *_, words = shell(usage("it", spec))
    assert words[:3] == ["egan-sample", "it", "--label"]
    main([*words[1:5], "digits", *words[6:]])
    assert Path("near.png").exists()


@pytest.mark.parametrize(
    ("spec", "names"), [(POINT, ["onnx"]), (WIDE, ["onnx"]), (IMAGE, ["keras", "tflite"]), (IMAGE, ["images"])]
)
def test_no_command_for_neighbours_where_none_works(spec: SamplingSpec, names: list[str]) -> None:
    readme = usage("it", spec, names)
    assert "egan-sample" not in readme
    assert "A generator can reproduce what it was trained on.\n" in readme


def test_the_class_in_a_python_line_is_a_number(tmp_path: Path) -> None:
    put(tmp_path, build(classes(3, names=("1", "0", "2"))))
    assert "labels=0" in usage("it", classes(3, names=("1", "0", "2")))
    assert np.isfinite(Sampler(tmp_path).sample(2, labels=0)).all()
