"""A small convolutional classifier of a data set's own labels, trained once and kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from egan_tf import data
from egan_tf.data.images import ImageDataset
from egan_tf.metrics.store import check_writable, file_for, load_arrays, save_arrays
from egan_tf.utils.checks import InputError, require

if TYPE_CHECKING:
    import keras

FEATURES = 128
SEED = 0
EPOCHS = 3
BATCH = 128
LEARNING_RATE = 2e-3
MIN_SIDE = 8
HELD_OUT = 5
"""Without a test part every fifth image is kept from training."""


class Classifier(NamedTuple):
    """The network and the share of images that it names right, of those that it was not trained on."""

    network: keras.Model
    accuracy: float


def load_classifier(dataset: ImageDataset, data_dir: Path) -> Classifier:
    """Returns the classifier kept under `data_dir`/metrics/, which is trained first if it is not there or damaged.

    Two trainings on one machine may differ in the last bits, and so may the distances by them; what is kept is used
    again and again.

    Args:
        dataset: any split of a data set with labels.
        data_dir: folder of prepared data sets.

    Raises:
        InputError: there are no labels, or `data_dir` cannot be written.
    """
    check_labels(dataset)
    train, test = training_parts(dataset, data_dir)
    about = {
        "kind": "classifier",
        "recipe": [1, FEATURES, EPOCHS, BATCH, LEARNING_RATE, MIN_SIDE],
        "dataset": dataset.name,
        "fingerprint": train.fingerprint,
        "seed": SEED,
    }
    path = file_for(data_dir / "metrics", about)
    network = build_classifier(train.shape, len(train.class_names))
    kept = load_arrays(path, about)
    if kept is not None and _fits(kept, network):
        network.set_weights([kept[_key(index)] for index in range(len(network.weights))])
        return Classifier(network, float(kept["accuracy"]))
    check_writable(path)
    print(f"{dataset.name}: training its classifier for {path} (once, up to some minutes)", file=sys.stderr, flush=True)
    accuracy = train_classifier(network, train, test)
    weights = {_key(index): weight for index, weight in enumerate(network.get_weights())}
    save_arrays(path, about, {**weights, "accuracy": np.array(accuracy)})
    return Classifier(network, accuracy)


def check_labels(dataset: ImageDataset) -> None:
    """Raises InputError for a data set without labels."""
    require(dataset.labels is not None, "extractor", f"cnn needs labels, and {dataset.name} has none; take pixels")


def training_parts(dataset: ImageDataset, data_dir: Path) -> tuple[ImageDataset, ImageDataset]:
    """Returns the images to train on and those to test on, whichever split `dataset` is.

    Those are the data set's own parts, if it has two. Otherwise every fifth image is held out.
    """
    parts = [_part(dataset, data_dir, split) for split in ("train", "test")]
    if parts[0] is not None and parts[1] is not None:
        return parts[0], parts[1]
    held = np.arange(len(dataset.images)) % HELD_OUT == HELD_OUT - 1
    return _some(dataset, ~held, "train"), _some(dataset, held, "test")


def build_classifier(shape: Sequence[int], classes: int) -> keras.Model:
    """Returns the untrained network, a function of the shape and the classes.

    A 3×3 convolution, others of stride 2 down to 8 pixels, ReLU, a dense layer of 128 called "features", logits.
    """
    import keras

    def seeded(place: int) -> keras.initializers.Initializer:
        # A seed of its own for each layer leaves Keras' global one alone, which a training may depend on.
        return keras.initializers.GlorotUniform(seed=SEED * 100 + place)

    # float32 whatever precision a generator is trained in.
    options = {"padding": "same", "activation": "relu", "dtype": "float32"}
    images = keras.Input(tuple(shape), dtype="float32")
    x = keras.layers.Conv2D(32, 3, kernel_initializer=seeded(0), **options)(images)
    stage = 0
    while min(x.shape[1:3]) > MIN_SIDE:
        stage += 1
        x = keras.layers.Conv2D(min(32 << stage, 128), 3, 2, kernel_initializer=seeded(stage), **options)(x)
    x = keras.layers.Flatten(dtype="float32")(x)
    x = keras.layers.Dense(
        FEATURES, activation="relu", kernel_initializer=seeded(50), dtype="float32", name="features"
    )(x)
    logits = keras.layers.Dense(classes, kernel_initializer=seeded(51), dtype="float32", name="logits")(x)
    return keras.Model(images, [x, logits], name="classifier")


def train_classifier(network: keras.Model, train: ImageDataset, test: ImageDataset, epochs: int = EPOCHS) -> float:
    """Trains by Adam on the cross-entropy, the learning rate falling to 0 along a cosine; returns the accuracy."""
    import keras

    steps = -(-len(train.images) // BATCH) * epochs
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    learner = keras.Model(network.inputs[0], network.outputs[1])
    learner.compile(
        keras.optimizers.Adam(schedule), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    learner.fit(train.batches(BATCH, SEED), steps_per_epoch=steps, epochs=1, shuffle=False, verbose=0)
    assert test.labels is not None
    right = 0
    for start in range(0, len(test.images), BATCH):
        images = test.images[start : start + BATCH].astype(np.float32) / 127.5 - 1.0
        right += int((np.asarray(learner(images)).argmax(axis=1) == test.labels[start : start + BATCH]).sum())
    return right / len(test.images)


def _part(dataset: ImageDataset, data_dir: Path, split: str) -> ImageDataset | None:
    """The split of the data set of that name, or None where there is no such data set or no such split."""
    if dataset.split == split:
        return dataset
    if dataset.name not in data.DATASETS:
        return None
    try:
        found = data.load(dataset.name, data_dir, split)
    except InputError as error:
        if error.field == "split":
            return None
        raise
    same = isinstance(found, ImageDataset) and found.shape == dataset.shape and found.labels is not None
    return found if same else None  # type: ignore[return-value]


def _some(dataset: ImageDataset, chosen: np.ndarray, split: str) -> ImageDataset:
    assert dataset.labels is not None
    names = dataset.class_names
    return ImageDataset(dataset.name, dataset.images[chosen], dataset.labels[chosen], names, split=split)


def _key(index: int) -> str:
    return f"weight_{index}"


def _fits(kept: dict[str, np.ndarray], network: keras.Model) -> bool:
    shapes = {_key(index): tuple(weight.shape) for index, weight in enumerate(network.weights)}
    return {name: array.shape for name, array in kept.items()} == {**shapes, "accuracy": ()}
