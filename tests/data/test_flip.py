"""Batches from memory and from disk are the same, mirrored or not, from any step on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.data import ImageDataset, ImageOptions, load
from egan_tf.data.images import read_rows
from egan_tf.utils.order import batch_indices
from tests.data.pictures import noise

COUNT = 23
IMAGES = np.stack([noise(5, 6, seed=seed) for seed in range(COUNT)])
LABELS = np.arange(COUNT)


@pytest.fixture(params=["memory", "disk"])
def make(request, tmp_path):
    def made(flip: bool = False, labels: bool = True) -> ImageDataset:
        images = IMAGES
        if request.param == "disk":
            np.save(tmp_path / "images.npy", IMAGES)
            images = np.load(tmp_path / "images.npy", mmap_mode="r")
        named = (LABELS, tuple(map(str, LABELS))) if labels else (None, ())
        dataset = ImageDataset("x", images, *named, options=ImageOptions(flip=flip))
        assert dataset.on_disk == (request.param == "disk")
        return dataset

    return made


def take(dataset: ImageDataset, steps: int, start: int = 0, size: int = 8) -> list:
    return list(itertools.islice(dataset.batches(size, 3, start).as_numpy_iterator(), steps))


def expected(steps: int, start: int = 0, size: int = 8, flip: bool = False) -> list:
    whole = np.concatenate([IMAGES, IMAGES[:, :, ::-1]]) if flip else IMAGES
    order = [batch_indices(3, tf.constant(step, tf.int64), size, len(whole)).numpy() for step in range(start, steps)]
    return [(whole[rows], rows % COUNT) for rows in order]


@pytest.mark.parametrize("flip", [False, True])
def test_batches_are_those_of_the_order(make, flip):
    for (images, labels), (rows, numbers) in zip(take(make(flip), 12), expected(12, flip=flip), strict=True):
        assert images.dtype == np.uint8 and labels.dtype == np.int32
        assert np.array_equal(images, rows) and np.array_equal(labels, numbers)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("start", [1, 7])
def test_a_later_start_skips_batches(make, flip, start):
    for (images, labels), (rows, numbers) in zip(
        take(make(flip), 5, start), take(make(flip), start + 5)[start:], strict=True
    ):
        assert np.array_equal(images, rows) and np.array_equal(labels, numbers)


def test_an_epoch_has_every_image_both_ways(make):
    dataset = make(flip=True, labels=False)
    images = np.concatenate(take(dataset, 23, size=4))
    both = {image.tobytes() for image in [*IMAGES, *IMAGES[:, :, ::-1]]}
    assert len(images) == 4 * COUNT and {image.tobytes() for image in images[: 2 * COUNT]} == both


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("labels", [False, True])
def test_shapes_are_static(make, flip, labels):
    spec = make(flip, labels).batches(8, 1).element_spec
    images = spec[0] if labels else spec
    assert images == tf.TensorSpec((8, 5, 6, 3), tf.uint8)
    assert make().batches(8, 1).cardinality() == tf.data.INFINITE_CARDINALITY


def test_flip_changes_neither_images_nor_fingerprint(make):
    plain, flipped = make(), make(flip=True)
    assert plain.fingerprint == flipped.fingerprint and np.array_equal(plain.images, flipped.images)
    assert flipped.facts()["mirrored"] is True and "mirrored" not in plain.facts()


def test_rows_may_repeat_and_come_in_any_order(make):
    rows = np.array([5, 0, 22, 5, 1])
    assert np.array_equal(read_rows(make().images, rows), IMAGES[rows])


def test_the_option_reaches_data_sets_in_memory(tmp_path):
    assert load("digits", tmp_path, flip=True).options.flip and not load("digits", tmp_path).options.flip
    assert not list(tmp_path.iterdir())
