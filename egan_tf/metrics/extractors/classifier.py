"""A small convolutional classifier of the labels of a data set, trained once and cached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from egan_tf import data
from egan_tf.data.images import ImageDataset
from egan_tf.metrics.store import cache_path, load_arrays, made_by_one, make_folder_of, save_arrays
from egan_tf.utils.checks import InputError, require
from egan_tf.utils.log_line import log_line

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

FEATURES = 128
SEED = 0
EPOCHS = 3
BATCH = 128
LEARNING_RATE = 2e-3
MIN_SIDE = 8
HOLDOUT_INTERVAL = 5
"""Without a test split, every fifth image is held out."""
MAX_BYTES = 2**28
"""Of a data set that is read from disk, as many evenly spaced images are used as fit into this memory."""


class Classifier(NamedTuple):
    """The network, and its accuracy on images that it was not trained on."""

    network: keras.Model
    accuracy: float


def load_classifier(dataset: ImageDataset, data_dir: Path) -> Classifier:
    """Loads the classifier from `data_dir`/metrics/; trains it first if it is missing or damaged.

    Two trainings may differ in the last bits, and so would distances; caching the classifier keeps them comparable.

    Args:
        dataset: any split of a data set with labels.
        data_dir: folder of prepared data sets.

    Raises:
        InputError: there are no labels, or `data_dir` cannot be written.
    """
    check_labels(dataset)
    train, test = train_test_split(dataset, data_dir)
    key = {
        "kind": "classifier",
        "hyperparameters": [1, FEATURES, EPOCHS, BATCH, LEARNING_RATE, MIN_SIDE],
        "dataset": dataset.name,
        "fingerprint": train.fingerprint,
        "seed": SEED,
    }
    path = cache_path(data_dir / "metrics", key)
    network = build_classifier(train.shape, len(train.class_names))
    known = _stored(path, key, network)
    if known is not None:
        return known
    make_folder_of(path)
    with made_by_one(path, f"{dataset.name}: waiting for another process, which makes files in {path.parent}"):
        known = _stored(path, key, network)
        if known is not None:
            return known
        log_line(f"{dataset.name}: training its classifier for {path} (once, up to some minutes)")
        accuracy = train_classifier(network, train, test)
        weights = {_weight_name(index): weight for index, weight in enumerate(network.get_weights())}
        save_arrays(path, key, {**weights, "accuracy": np.array(accuracy)})
    return Classifier(network, accuracy)


def _stored(path: Path, key: Mapping[str, Any], network: keras.Model) -> Classifier | None:
    """The classifier in a file, in `network`; None if the file is missing or damaged."""
    cached = load_arrays(path, key)
    if cached is None or not _matches(cached, network):
        return None
    network.set_weights([cached[_weight_name(index)] for index in range(len(network.weights))])
    return Classifier(network, float(cached["accuracy"]))


def check_labels(dataset: ImageDataset) -> None:
    """Raises InputError for a data set without labels, or too small to hold an image out."""
    require(dataset.labels is not None, "extractor", f"cnn needs labels, and {dataset.name} has none; take pixels")
    count = len(dataset.images)
    problem = f"cnn holds out every {HOLDOUT_INTERVAL}th image, and {dataset.name} has {count}; take pixels"
    require(count >= HOLDOUT_INTERVAL, "extractor", problem)


def train_test_split(dataset: ImageDataset, data_dir: Path) -> tuple[ImageDataset, ImageDataset]:
    """The images to train on and those to test on, for either split `dataset`.

    They are the data set's two splits, if it has both. Otherwise every fifth image of `dataset` is held out.
    """
    train, test = (_load_split(dataset, data_dir, split) for split in ("train", "test"))
    if train is not None and test is not None:
        return train, test
    chosen = _evenly_spaced(dataset)
    held_out = np.arange(len(chosen)) % HOLDOUT_INTERVAL == HOLDOUT_INTERVAL - 1
    return _subset(dataset, chosen[~held_out], "train"), _subset(dataset, chosen[held_out], "test")


def build_classifier(shape: Sequence[int], classes: int) -> keras.Model:
    """Builds the untrained network: images [n, *shape] to features [n, 128] and logits [n, classes].

    3×3 convolutions with ReLU, the first of stride 1, the others of stride 2 down to 8 pixels; then two dense layers.
    """
    import keras

    def seeded(layer: int) -> keras.initializers.Initializer:
        # Explicit seeds leave Keras' global seed unchanged, on which a run may depend.
        return keras.initializers.GlorotUniform(seed=SEED * 100 + layer)

    # An explicit dtype, because a run may have set a global policy of lower precision.
    last = {"data_format": "channels_last"}
    options = {"padding": "same", "activation": "relu", "dtype": "float32", **last}
    images = keras.Input(tuple(shape), dtype="float32")
    x = keras.layers.Conv2D(32, 3, kernel_initializer=seeded(0), **options)(images)
    stage = 0
    while min(x.shape[1:3]) > MIN_SIDE:
        stage += 1
        x = keras.layers.Conv2D(min(32 << stage, 128), 3, 2, kernel_initializer=seeded(stage), **options)(x)
    x = keras.layers.Flatten(dtype="float32", **last)(x)
    x = keras.layers.Dense(
        FEATURES, activation="relu", kernel_initializer=seeded(50), dtype="float32", name="features"
    )(x)
    logits = keras.layers.Dense(classes, kernel_initializer=seeded(51), dtype="float32", name="logits")(x)
    return keras.Model(images, [x, logits], name="classifier")


def train_classifier(network: keras.Model, train: ImageDataset, test: ImageDataset, epochs: int = EPOCHS) -> float:
    """Trains on the cross-entropy with Adam and cosine decay of the learning rate to 0; returns the test accuracy."""
    import keras

    steps = -(-len(train.images) // BATCH) * epochs
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    classifier = keras.Model(network.inputs[0], network.outputs[1])
    classifier.compile(
        keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    if train.options.flip:  # the classifier is of the images as they are, whatever the run trains on
        train = train.with_options(replace(train.options, flip=False))
    batches = train.batches(BATCH, SEED).map(_as_floats)
    classifier.fit(batches, steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
    assert test.labels is not None
    correct = 0
    for start in range(0, len(test.images), BATCH):
        images = test.images[start : start + BATCH].astype(np.float32) / 127.5 - 1.0
        correct += int((np.asarray(classifier(images)).argmax(axis=1) == test.labels[start : start + BATCH]).sum())
    return correct / len(test.images)


def _load_split(dataset: ImageDataset, data_dir: Path, split: str) -> ImageDataset | None:
    """The split of the data set that the same string names, or None if there is no such string or split."""
    if dataset.split == split:
        return dataset
    if not dataset.origin:
        return None
    try:
        found = data.load(dataset.origin, data_dir, split, **asdict(dataset.options))
    except InputError as error:
        if error.field == "split":
            return None
        raise
    # A string that names its split, such as tfds:NAME:test, names the same one whatever is asked.
    if not isinstance(found, ImageDataset) or found.labels is None or found.split != split:
        return None
    same = (found.shape, found.class_names) == (dataset.shape, dataset.class_names)
    return found if same else None


def _evenly_spaced(dataset: ImageDataset) -> np.ndarray:
    """Indices of the images to use: all of those in memory."""
    count = len(dataset.images)
    most = max(HOLDOUT_INTERVAL, MAX_BYTES // int(np.prod(dataset.shape))) if dataset.on_disk else count
    return np.arange(min(count, most)) * count // min(count, most)


def _as_floats(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    import tensorflow as tf

    return tf.cast(images, tf.float32) / 127.5 - 1.0, labels


def _subset(dataset: ImageDataset, chosen: np.ndarray, split: str) -> ImageDataset:
    assert dataset.labels is not None
    names = dataset.class_names
    return ImageDataset(dataset.name, dataset.images[chosen], dataset.labels[chosen], names, split=split)


def _weight_name(index: int) -> str:
    return f"weight_{index}"


def _matches(arrays: dict[str, np.ndarray], network: keras.Model) -> bool:
    shapes = {_weight_name(index): tuple(weight.shape) for index, weight in enumerate(network.weights)}
    return {name: array.shape for name, array in arrays.items()} == {**shapes, "accuracy": ()}
