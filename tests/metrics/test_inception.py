"""The Inception extractor, on a small graph with the tensor names and sizes of the official one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.data import load
from egan_tf.metrics.evaluate import evaluate
from egan_tf.metrics.extractors import inception, load_extractor
from egan_tf.metrics.extractors.base import to_bytes
from egan_tf.utils.checks import InputError

RANDOM = np.random.default_rng(0)
KERNEL = (RANDOM.normal(size=(1, 1, 3, 2048)) / 10).astype("float32")
MATRIX = (RANDOM.normal(size=(2048, 1008)) / 50).astype("float32")
SIDE = 16


def graph(pool: str = "pool_3", features: int = 2048) -> bytes:
    """One image, bilinear resize, a convolution, average pooling, a reshape for one image, a dense layer with bias."""
    with tf.Graph().as_default() as made:
        jpeg = tf.compat.v1.placeholder(tf.string, [], name="DecodeJpeg/contents")
        decoded = tf.cast(tf.io.decode_jpeg(jpeg, channels=3), tf.float32)
        one = tf.raw_ops.ExpandDims(input=decoded, axis=0, name="ExpandDims")
        sized = tf.compat.v1.image.resize_bilinear(one, [SIDE, SIDE], align_corners=False)
        maps = tf.nn.relu(tf.nn.conv2d((sized - 128) / 128, KERNEL[..., :features], 1, "SAME"))
        pooled = tf.nn.avg_pool2d(maps, SIDE, 1, "VALID", name=pool)
        flat = tf.reshape(pooled, [1, features], name="pool_3/_reshape")
        product = tf.matmul(flat, tf.constant(MATRIX[:features]), name="softmax/logits/MatMul")
        tf.nn.softmax(product + 5 * tf.range(1008, dtype=tf.float32), name="softmax")
    return made.as_graph_def().SerializeToString()


@pytest.fixture
def file(tmp_path, monkeypatch) -> Path:
    path = tmp_path / inception.FILE
    path.write_bytes(graph())
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture(scope="module")
def digits():
    return load("digits", "unused")


def by_numpy(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The expected outputs for images of the input size of the graph, which it does not resize."""
    pixels = (to_bytes(images).astype("float32") - 128) / 128
    features = np.maximum(pixels @ KERNEL[0, 0], 0).mean(axis=(1, 2))
    powers = np.exp(features @ MATRIX)
    return features, powers / powers.sum(axis=1, keepdims=True)


def test_features_are_pooled_and_probabilities_omit_the_bias(file, digits, tmp_path):
    extractor = load_extractor("inception", digits, tmp_path, file)
    images = RANDOM.uniform(-1, 1, (120, SIDE, SIDE, 3)).astype("float32")
    features, probabilities = extractor.activations(images)
    expected = by_numpy(images)
    np.testing.assert_allclose(features, expected[0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(probabilities, expected[1], rtol=1e-3, atol=1e-7)
    assert extractor.official and extractor.hash == hashlib.sha256(file.read_bytes()).hexdigest()


def test_grey_images_become_three_channels_resized_as_in_tensorflow_1(file, digits, tmp_path):
    extractor = load_extractor("inception", digits, tmp_path, file)
    images = (np.round(RANDOM.uniform(0, 255, (3, 8, 8, 1))) / 127.5 - 1).astype("float32")
    # Without aligned corners every second pixel of the doubled image is an original one, and the last row repeats.
    pixels = np.repeat(to_bytes(images).astype("float32"), 3, axis=3)
    for axis in (1, 2):
        following = np.concatenate([np.take(pixels, range(1, 8), axis), np.take(pixels, [7], axis)], axis)
        both = np.stack([pixels, (pixels + following) / 2], axis + 1)
        pixels = both.reshape(3, *(16 if a <= axis else 8 for a in (1, 2)), 3)
    features = np.maximum((pixels - 128) / 128 @ KERNEL[0, 0], 0).mean(axis=(1, 2))
    np.testing.assert_allclose(extractor.features(images), features, rtol=1e-3, atol=1e-5)


def test_its_metrics_are_called_kid_and_is(file, digits, tmp_path):
    extractor = load_extractor("inception", digits, tmp_path, file)
    names = ["kernel_distance", "classifier_score"]

    def noise(count: int, seed: int) -> list[np.ndarray]:
        return [np.random.default_rng(seed).uniform(-1, 1, (count, 8, 8, 1)).astype("float32")]

    records = evaluate(noise, digits, names, count=40, extractor=extractor)
    assert [record["metric"] for record in records] == ["kid_40", "is_40"]
    assert records[0]["value"] > 0 and "TensorFlow 1" in records[0]["resize"]


def test_the_official_hash_is_the_published_one():
    assert inception.SHA256 == "009d6814d1bc560d4e7b236e170e9b2d5ca6f4b57bd8037f6db05776204415c6"


def test_other_files_are_refused(digits, tmp_path):
    with pytest.raises(InputError, match=r"^extractor: inception needs the path of the official classify_image"):
        load_extractor("inception", digits, tmp_path)
    with pytest.raises(InputError, match="^extractor: no file"):
        load_extractor("inception", digits, tmp_path, tmp_path / "absent.pb")
    path = tmp_path / inception.FILE
    path.write_bytes(graph())
    with pytest.raises(InputError, match="^extractor: .*is not the official"):
        load_extractor("inception", digits, tmp_path, path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no graph", graph()[:-1000], graph(pool="pool_4"), graph(features=64)],
    ids=["empty", "text", "cut", "names", "sizes"],
)
def test_another_graph_is_refused_even_with_the_right_hash(digits, tmp_path, monkeypatch, content):
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(content).hexdigest())
    path = tmp_path / inception.FILE
    path.write_bytes(content)
    with pytest.raises(InputError, match="^extractor: the file is no Inception graph") as caught:
        load_extractor("inception", digits, tmp_path, path)
    assert "\n" not in str(caught.value)
