"""Class-conditional generators: the formats take labels, and compute what the Keras model computes."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from PIL import Image

from egan_tf import InputError, Sampler
from egan_tf.export import FORMATS, export_generator
from egan_tf.export.exporter import preview_labels
from egan_tf.sampling.spec import SamplingSpec
from tests.export.generators import NORMAL

NAMES = ("shirt", "shoe", "hat")


def generator(policy: str = "float32") -> keras.Model:
    keras.utils.set_random_seed(1)
    noise, labels = keras.Input((32,)), keras.Input((), dtype="int32")
    embedded = layers.Embedding(3, 8, embeddings_initializer="normal", dtype=policy)(labels)
    x = layers.Dense(4 * 4 * 8, dtype=policy)(layers.Concatenate(dtype=policy)([noise, embedded]))
    x = layers.ReLU(dtype=policy)(layers.Reshape((4, 4, 8), dtype=policy)(x))
    x = layers.Conv2DTranspose(1, 4, 2, padding="same", dtype=policy)(x)
    return keras.Model([noise, labels], layers.Activation("tanh", dtype="float32")(x))


@pytest.fixture(scope="module", params=["float32", "mixed_bfloat16"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path]:
    model = generator(request.param)
    directory = tmp_path_factory.mktemp("models") / "it"
    export_generator(model, directory, latent=NORMAL, value_range=(-1, 1), card={}, class_names=NAMES)
    return generator(), directory


@pytest.mark.parametrize("name", ["saved_model", "onnx"])
def test_it_equals_the_model_for_every_label(name: str, exported: tuple[keras.Model, Path]) -> None:
    model, directory = exported
    noise = np.random.default_rng(0).standard_normal((9, 32), dtype=np.float32)
    labels = np.arange(9, dtype=np.int32) % 3
    found = FORMATS[name].load(directory)(noise, labels)
    np.testing.assert_allclose(found, model([noise, labels], training=False), rtol=0, atol=1e-5)
    assert not np.allclose(found, FORMATS[name].load(directory)(noise, labels[::-1].copy()), atol=1e-2)


def test_the_saved_model_serves_by_name(exported: tuple[keras.Model, Path]) -> None:
    model, directory = exported
    loaded = tf.saved_model.load(directory / "saved_model")
    noise, labels = tf.zeros([2, 32]), tf.constant([0, 2])
    expected = model([noise, labels], training=False)
    for served in (loaded.serve(noise, labels), loaded.signatures["serving_default"](noise=noise, labels=labels)):
        np.testing.assert_allclose(served["samples"], expected, rtol=0, atol=1e-5)


def test_the_card_names_the_classes_and_the_picture_has_a_row_for_each(exported: tuple[keras.Model, Path]) -> None:
    _, directory = exported
    card = json.loads((directory / "card.json").read_text())
    assert card["class_names"] == list(NAMES) and card["preview"]["count"] == 24
    assert (card["noise"]["name"], card["noise"]["version"]) == ("philox4x32", 1)
    readme = (directory / "README.md").read_text()
    assert "shirt, shoe, hat" in readme and "--each-label" in readme and "loaded.serve(noise, labels)" in readme
    with Image.open(directory / "samples.png") as picture:
        assert picture.size == ((8 * 9 - 1) * 6, (3 * 9 - 1) * 6)
    assert Sampler(directory).class_names == NAMES


@pytest.mark.parametrize(
    ("model", "names"),
    [(generator, ()), (generator, NAMES[:-1]), (generator, (*NAMES, "another")), (None, NAMES)],
    ids=["no names", "too few", "too many", "no labels"],
)
def test_names_go_with_labels(model: object, names: tuple[str, ...], tmp_path: Path, conv: keras.Model) -> None:
    chosen = conv if model is None else generator()
    with pytest.raises(InputError, match="^class_names: "):
        export_generator(chosen, tmp_path / "it", latent=NORMAL, value_range=(-1, 1), card={}, class_names=names)
    assert not (tmp_path / "it").exists()


@pytest.mark.parametrize(
    ("side", "classes", "rows", "columns"), [(64, 3, 3, 8), (64, 70, 50, 8), (1024, 70, 50, 2), (1 << 13, 3, 2, 1)]
)
def test_the_picture_of_large_images_has_fewer_of_them(side: int, classes: int, rows: int, columns: int) -> None:
    names = tuple(map(str, range(classes)))
    labels = preview_labels(SamplingSpec(4, "normal", (side, side, 3), (-1.0, 1.0), classes, names))
    assert labels is not None and labels.tolist() == [row for row in range(rows) for _ in range(columns)]
