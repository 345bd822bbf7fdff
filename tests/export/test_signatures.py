"""The functions of an exported SavedModel: samples of a seed, and bytes; with `egan_tf` and without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import Sampler
from egan_tf.export import FORMATS, ExportMismatchError, export_generator
from egan_tf.export.formats.base import SeededFunctions
from egan_tf.export.formats.saved_model import SavedModel
from egan_tf.export.source import prepare_source
from egan_tf.export.verify_seeded import verify_seeded
from egan_tf.sampling.pictures import to_pixels
from tests.export.generators import NORMAL
from tests.export.test_conditional import NAMES, generator

IMAGES = {"serving_default", "noise", "sample", "serve_uint8", "sample_uint8"}


def within_a_level(pixels: Any, samples: np.ndarray, sampler: Sampler) -> None:
    found = np.asarray(pixels)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - to_pixels(samples, sampler.spec)).max() <= 1


@pytest.mark.parametrize("name", ["conv", "mlp"])
def test_seeds_mean_what_they_mean_to_the_sampler(name: str, request: pytest.FixtureRequest) -> None:
    directory = request.getfixturevalue(f"{name}_export")
    loaded, sampler = tf.saved_model.load(directory / "saved_model"), Sampler(directory)
    for seed, start, count in ((0, 0, 5), (7, 2**32 - 3, 70)):
        noise = loaded.noise(seed, start, count)["noise"].numpy()
        assert noise.tobytes() == sampler.noise(count, seed, start).tobytes()
        expected = sampler.sample(count, seed, start)
        np.testing.assert_allclose(loaded.sample(seed, start, count)["samples"], expected, rtol=0, atol=1e-5)
        if name == "conv":
            within_a_level(loaded.sample_uint8(seed, start, count)["samples"], expected, sampler)
            within_a_level(loaded.serve_uint8(noise)["samples"], expected, sampler)
    assert set(loaded.signatures) == (IMAGES if name == "conv" else {"serving_default", "noise", "sample"})
    integers = {key: tf.constant(value, tf.int64) for key, value in (("seed", -1), ("start", 0), ("count", 3))}
    by_name = loaded.signatures["sample"](**integers)["samples"]
    np.testing.assert_allclose(by_name, sampler.sample(3, 2**64 - 1), rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def conditional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models") / "it"
    return export_generator(
        generator(),
        directory,
        latent=NORMAL,
        value_range=(-1, 1),
        card={},
        class_names=NAMES,
        formats=["saved_model", "onnx"],
    )


def test_labels_are_one_or_one_for_each_sample(conditional: Path) -> None:
    loaded, sampler = tf.saved_model.load(conditional / "saved_model"), Sampler(conditional)
    for labels, given in (([2], 2), ([0, 1, 2, 1], [0, 1, 2, 1])):
        expected = sampler.sample(4, 3, 9, labels=given)
        found = loaded.sample(3, 9, 4, tf.constant(labels))["samples"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        within_a_level(loaded.sample_uint8(3, 9, 4, tf.constant(labels))["samples"], expected, sampler)
    for labels, words in (([0, 1], "one for each"), ([], "one for each"), ([3], "0 to 2"), ([-1], "0 to 2")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"labels: must be .*{words}"):
            loaded.sample(0, 0, 4, tf.constant(labels, tf.int32))
    with pytest.raises((TypeError, ValueError)):  # a scalar, as the documents say
        loaded.sample(0, 0, 4, tf.constant(1))


@pytest.mark.parametrize(
    ("start", "count", "words"), [(0, 0, "count: "), (0, -5, "count: "), (-1, 1, "start: "), (2**63 - 1, 2, "start: ")]
)
def test_samples_that_there_are_not_are_refused(mlp_export: Path, start: int, count: int, words: str) -> None:
    loaded = tf.saved_model.load(mlp_export / "saved_model")
    for function in (loaded.noise, loaded.sample):
        with pytest.raises(tf.errors.InvalidArgumentError, match=words):
            function(0, start, count)


def test_the_last_sample(mlp_export: Path) -> None:
    loaded = tf.saved_model.load(mlp_export / "saved_model")
    found = loaded.noise(0, 2**63 - 2, 2)["noise"]
    np.testing.assert_array_equal(found, Sampler(mlp_export).noise(2, 0, 2**63 - 2))


def test_the_tool_of_tensorflow_runs_them_without_this_package(conditional: Path, tmp_path: Path) -> None:
    line = "from tensorflow.python.tools.saved_model_cli import main; main()"
    chosen = ["--dir", conditional / "saved_model", "--tag_set", "serve", "--signature_def", "sample_uint8"]
    inputs = ["--input_exprs", "seed=5;start=1000000;count=3;labels=[1]", "--outdir", tmp_path]
    command = [sys.executable, "-c", line, "run", *chosen, *inputs]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sampler = Sampler(conditional)
    within_a_level(np.load(tmp_path / "samples.npy"), sampler.sample(3, 5, 1_000_000, labels=1), sampler)


def test_the_card_states_the_differences(conv_export: Path, mlp_export: Path) -> None:
    for directory, names in (
        (conv_export, {"noise", "sample", "sample_uint8", "serve_uint8"}),
        (mlp_export, {"noise", "sample"}),
    ):
        verification = json.loads((directory / "card.json").read_text("utf-8"))["verification"]
        found = verification["saved_model"]["signatures"]
        assert set(found) == names and found["noise"] == 0 and found["sample"] <= 1e-5
        assert all(found[name] <= 1 for name in names - {"noise", "sample"})
        assert "signatures" not in verification["onnx"]


SPOILED = {
    "another seed": (
        lambda given: given._replace(noise=lambda seed, *place: given.noise(seed + 1, *place)),
        "other noise",
    ),
    "another start": (
        lambda given: given._replace(noise=lambda seed, start, count: given.noise(seed, start ^ 1 << 40, count)),
        "other noise of seed 0, from sample 0",
    ),
    "start of 32 bits": (
        lambda given: given._replace(
            noise=lambda seed, start, count: np.concatenate(
                [given.noise(seed, (start + i) % 2**32, 1) for i in range(count)]
            )
        ),
        "other noise of seed 3, from sample 4294967294",
    ),
    "an ulp": (
        lambda given: given._replace(noise=lambda *call: np.nextafter(given.noise(*call), np.float32(9))),
        "noise",
    ),
    "other samples": (
        lambda given: given._replace(sample=lambda *call: given.sample(*call) + 2e-5),
        "of a seed differs by",
    ),
    "two levels": (
        lambda given: given._replace(sample_uint8=lambda *call: given.sample_uint8(*call) ^ 2),
        "by 2 of 255",
    ),
    "no bytes": (
        lambda given: given._replace(serve_uint8=lambda *call: given.serve_uint8(*call) * 1.0),
        "makes float64",
    ),
}


@pytest.fixture(scope="module")
def functions(conv_export: Path) -> SeededFunctions:
    return SavedModel().load_seeded(conv_export)


@pytest.mark.parametrize("spoiled", SPOILED)
def test_every_difference_is_refused(spoiled: str, functions: SeededFunctions, conv: keras.Model) -> None:
    spoil, message = SPOILED[spoiled]
    source = prepare_source(conv, NORMAL, (-1, 1))
    with pytest.raises(ExportMismatchError, match=message):
        verify_seeded("saved_model", spoil(functions), source)


def test_a_saved_model_of_an_earlier_version_has_none(tmp_path: Path) -> None:
    module = tf.Module()
    module.serve = tf.function(lambda noise: {"samples": noise}, input_signature=[tf.TensorSpec((None, 2))])
    tf.saved_model.save(module, str(tmp_path / "saved_model"))
    assert SavedModel().load_seeded(tmp_path) is None


def test_an_export_is_verified_so(conv: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Spoiled(SavedModel):
        def load_seeded(self, directory: Path) -> SeededFunctions:
            return SPOILED["another seed"][0](super().load_seeded(directory))

    monkeypatch.setitem(FORMATS, "saved_model", Spoiled())
    with pytest.raises(ExportMismatchError, match="its saved_model makes other noise"):
        options: dict[str, Any] = {"latent": NORMAL, "value_range": (-1, 1), "card": {}, "formats": ["saved_model"]}
        export_generator(conv, tmp_path / "it", **options)
    assert not list(tmp_path.iterdir())
