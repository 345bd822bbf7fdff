"""One seed gives one picture, every way to sample an export: the command line, Node, a SavedModel, TensorFlow Lite.

The page in the browser is compared in `tests/export/test_page_browser.py`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import egan_tf.sampling
from egan_tf import Sampler
from egan_tf.sampling.command import main as sample_command
from egan_tf.sampling.pictures import to_pixels
from tests.docs.blocks import ROOT, blocks

pytestmark = pytest.mark.slow

PAGE = "docs/deploying.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
(PROGRAM,) = (block.text for block in blocks("js") if block.page == PAGE)
INSTALL = re.findall(r"`npm (install onnxruntime-node@\d+\.\d+\.\d+ --ignore-scripts)`", TEXT)
SEED, START, COUNT, LABEL = 2024, 1_000_003, 5, 3
LEVELS = 2
"""The most that a byte may differ, since last bits do: one level where a sample lies between two, and one to spare."""

SHIPPED = ("digits", "digits_conditional")
EXPORTED = {"plain": ("normal", ()), "conditional uniform": ("uniform", tuple("abcd"))}
"""Of untrained generators, in all formats that take noise or a seed: distribution, names of classes."""


@pytest.fixture(scope="module", params=[*SHIPPED, *EXPORTED])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a generator of images."""
    if request.param in SHIPPED:
        return ROOT / "saved_models" / "reference" / request.param
    from egan_tf.evolution.latent import Latent
    from egan_tf.export import export_generator
    from tests.export.networks import LATENT_SIZE, network

    distribution, names = EXPORTED[request.param]
    latent = Latent(LATENT_SIZE, distribution)
    options: dict[str, Any] = {"value_range": (-1, 1), "latent": latent, "class_names": names}
    options["formats"] = ["onnx", "saved_model", "keras", "tflite"]
    return export_generator(network("dcgan", len(names)), tmp_path_factory.mktemp("export") / "it", **options)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the documented program, noise.js and onnxruntime-node."""
    place = tmp_path_factory.mktemp("node")
    npm = shutil.which("npm")
    assert len(INSTALL) == 1
    line = [npm or "npm", *INSTALL[0].split(), "--no-audit", "--no-fund"]
    if not npm or not shutil.which("node") or subprocess.run(line, cwd=place, capture_output=True).returncode:
        pytest.skip(f"needs Node.js, and {INSTALL[0].split()[1]} from npm")
    (place / "samples.cjs").write_text(PROGRAM, "utf-8")
    shutil.copy(Path(egan_tf.sampling.__file__).with_name("noise.js"), place)
    yield place
    shutil.rmtree(place)  # hundreds of megabytes


def label_of(sampler: Sampler) -> int | None:
    return LABEL if sampler.spec.classes else None


def labels_of(sampler: Sampler) -> list[np.ndarray]:
    """The input beside the noise, if there is one."""
    return [np.full(COUNT, LABEL, np.int32)] if sampler.spec.classes else []


def assert_same(found: np.ndarray, folder: Path) -> None:
    sampler = Sampler(folder)
    expected = sampler.sample(COUNT, SEED, start=START, labels=label_of(sampler), dtype="uint8")
    assert found.dtype == np.uint8 and found.shape == expected.shape and expected.std() > 10
    assert np.abs(found.astype(int) - expected).max() <= LEVELS


def test_the_command_line(folder: Path, tmp_path: Path) -> None:
    flags = ["--label", Sampler(folder).class_names[LABEL]] if Sampler(folder).classes else []
    counted = ["--seed", str(SEED), "--start", str(START), "--count", str(COUNT), "--uint8"]
    sample_command([str(folder), *counted, *flags, "--out", str(tmp_path / "it.npy")])
    assert_same(np.load(tmp_path / "it.npy"), folder)


def test_the_program_for_node(folder: Path, node: Path) -> None:
    sampler = Sampler(folder)
    line = ["node", "samples.cjs", folder, SEED, START, COUNT, *([LABEL] if sampler.spec.classes else [])]
    done = subprocess.run([str(word) for word in line], cwd=node, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    assert_same(np.frombuffer(done.stdout, np.uint8).reshape(COUNT, *sampler.sample_shape), folder)


def test_the_saved_model(folder: Path) -> None:
    import tensorflow as tf

    sampler, loaded = Sampler(folder), tf.saved_model.load(str(folder / "saved_model"))
    given = SEED, START, COUNT, *labels_of(sampler)
    assert_same(to_pixels(loaded.sample(*given)["samples"].numpy(), sampler.spec), folder)
    assert_same(loaded.sample_uint8(*given)["samples"].numpy(), folder)
    noise = loaded.noise(SEED, START, COUNT)["noise"].numpy()
    assert noise.tobytes() == sampler.noise(COUNT, SEED, START).tobytes()


@pytest.mark.parametrize("name", ["tflite", "keras"])
def test_formats_that_take_the_noise_of_a_seed(name: str, folder: Path) -> None:
    from egan_tf.export import FORMATS

    if not (folder / f"generator.{name}").exists():
        pytest.skip(f"the shipped models have no {name}")
    sampler = Sampler(folder)
    samples = FORMATS[name].load(folder)(sampler.noise(COUNT, SEED, START), *labels_of(sampler))
    assert_same(to_pixels(samples, sampler.spec), folder)
