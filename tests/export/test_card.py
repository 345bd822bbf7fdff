"""The card describes the export, and the code in the README runs."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from egan_tf.commands import export as export_command
from egan_tf.export import export_generator
from egan_tf.sampling import Sampler
from egan_tf.sampling.noise_vectors import noise_vectors
from egan_tf.sampling.pictures import picture
from tests.export.generators import CARD, NORMAL, UNIFORM


def test_card_lists_every_file_with_its_hash(conv_export: Path) -> None:
    card = json.loads((conv_export / "card.json").read_text("utf-8"))
    there = {path.relative_to(conv_export).as_posix() for path in conv_export.rglob("*") if path.is_file()}
    assert set(card["files"]) == there - {"card.json"}
    assert {"README.md", "generator.onnx", "samples.png", "saved_model/saved_model.pb"} <= there
    readme = (conv_export / "README.md").read_text("utf-8")
    for name, entry in card["files"].items():
        content = (conv_export / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        assert name == "README.md" or entry["sha256"] in readme


def test_card_describes_the_generator(conv: keras.Model, conv_export: Path) -> None:
    card = json.loads((conv_export / "card.json").read_text("utf-8"))
    assert card["name"] == "conv" and card["parameters"] == conv.count_params()
    vectors = noise_vectors("philox4x32", "normal")
    noise = {"distribution": "normal", "size": 32, "dtype": "float32", "name": "philox4x32", "version": 1}
    assert card["noise"] == {**noise, "test_vectors": vectors}
    for vector in vectors:
        found = Sampler(conv_export).noise(1, vector["seed"], vector["start"])[0, : len(vector["numbers"])]
        assert found.tolist() == vector["numbers"]
    assert card["samples"] == {"shape": [16, 16, 3], "value_range": [-1.0, 1.0], "dtype": "float32"}
    assert card["steps"] == 300 and card["data"] == "noise"
    assert card["fitness"] == {"quality": 0.5, "diversity": "nan"}
    assert card["config"] == {"population_size": 2, "betas": [0.5, 0.999], "out": "runs/001"}
    assert {"python", "tensorflow", "keras", "onnx", "onnxruntime", "egan_tf"} <= set(card["versions"])
    assert set(card["verification"]) == {"saved_model", "onnx"}
    for found in card["verification"].values():
        assert found["batch_sizes"] == [1, 7, 64] and found["largest_difference"] <= found["tolerance"] == 1e-5
    readme = (conv_export / "README.md").read_text("utf-8")
    for words in (CARD["description"], "N(0, 1)", "in [-1, 1]", "population_size", "300", "tensorflow 2."):
        assert words in readme


def test_preview_shows_samples_of_the_export(conv_export: Path) -> None:
    sampler = Sampler(conv_export)
    expected = np.asarray(picture(sampler.sample(64, seed=0), sampler.spec))
    np.testing.assert_array_equal(np.asarray(Image.open(conv_export / "samples.png")), expected)


@pytest.mark.parametrize(("name", "latent", "value_range"), [("conv", NORMAL, (-1, 1)), ("mlp", UNIFORM, None)])
def test_the_code_in_the_readme_runs(
    name: str, latent: object, value_range: object, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    export_generator(
        request.getfixturevalue(name), Path("models") / "it", latent=latent, value_range=value_range, card={}
    )
    readme = (tmp_path / "models" / "it" / "README.md").read_text("utf-8")
    assert str(tmp_path) not in readme
    check, shell = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    assert check == "egan-export verify models/it\n"
    assert export_command.main([*check.split()[1:], "--files-only"]) == 0
    assert shell.startswith("python -m egan_tf.sampling models/it/generator.onnx")
    subprocess.run([sys.executable, *shell.split()[1:]], check=True, capture_output=True)
    assert Path("grid.png").exists()
    programs = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(programs) == 2
    for program in programs:
        namespace: dict = {}
        exec(program, namespace)  # the lines that users will copy
        assert tuple(namespace["samples"].shape) == (64, *request.getfixturevalue(name).output_shape[1:])
    # The lines compare before they load.
    for damaged in ("generator.onnx", "saved_model/variables/variables.index"):
        file = Path("models/it", damaged)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    for program in programs:
        with pytest.raises(ValueError, match="changed"):
            exec(program, {})
