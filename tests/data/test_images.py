from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.data import ImageDataset
from egan_tf.data.aligned import aligned_empty, read_only_copy
from egan_tf.utils.checks import InputError

GREY = np.zeros((4, 8, 8, 1), np.uint8)


def take(dataset: ImageDataset, steps: int, size: int = 16, seed: int = 1, start: int = 0) -> list:
    return list(itertools.islice(dataset.batches(size, seed, start).as_numpy_iterator(), steps))


def test_labels_stay_with_their_images(numbered):
    for images, labels in take(numbered, 5):
        assert (images == (5 * labels)[:, None, None, None]).all()


def test_epoch_covers_every_image_once(numbered):
    labels = np.concatenate([labels for _, labels in take(numbered, 7)])
    assert (np.sort(labels[:50]) == np.arange(50)).all()
    assert (np.sort(labels[50:100]) == np.arange(50)).all()
    assert not np.array_equal(labels[:50], labels[50:100])


@pytest.mark.parametrize("start", [1, 3, 20])
def test_starting_at_a_step_continues_the_sequence(numbered, start):
    whole, resumed = take(numbered, start + 4)[start:], take(numbered, 4, start=start)
    for (images, labels), (images_resumed, labels_resumed) in zip(whole, resumed, strict=True):
        assert np.array_equal(images, images_resumed) and np.array_equal(labels, labels_resumed)


def test_order_depends_on_the_seed(numbered):
    labels = [np.concatenate([label for _, label in take(numbered, 4, seed=seed)]) for seed in (1, 1, 2)]
    assert np.array_equal(labels[0], labels[1]) and not np.array_equal(labels[0], labels[2])


def test_sequence_is_infinite_with_static_shapes(numbered):
    images, labels = numbered.batches(16, 1).element_spec
    assert numbered.batches(16, 1).cardinality() == tf.data.INFINITE_CARDINALITY
    assert images == tf.TensorSpec((16, 4, 6, 3), tf.uint8) and labels == tf.TensorSpec((16,), tf.int32)


def test_without_labels_an_element_is_a_batch_of_images():
    dataset = ImageDataset("plain", GREY)
    assert dataset.labels is None and dataset.class_names == ()
    assert take(dataset, 1, size=3)[0].shape == (3, 8, 8, 1)


def test_images_are_stored_once_and_read_only():
    given = read_only_copy(np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3))
    dataset = ImageDataset("once", given)
    for _ in range(2):
        assert np.shares_memory(dataset.images, given) and np.array_equal(dataset.images, given)
        with pytest.raises(ValueError, match="read-only"):
            dataset.images[0] = 1
        take(dataset, 1, size=2)  # makes the tensor, which shares the memory too


def anonymous_bytes() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs the memory of the process from Linux")
def test_batches_copy_no_images():
    images = aligned_empty((2000, 256, 256, 1))
    images[...] = 1
    images.flags.writeable = False
    take(ImageDataset("warm up", GREY), 2, size=4)
    before = anonymous_bytes()
    dataset = ImageDataset("large", images, fingerprint="0")
    iterator = iter(dataset.batches(4, 1).map(lambda batch: tf.cast(batch, tf.float32)))
    assert next(iterator).shape == next(iterator).shape
    assert anonymous_bytes() - before < images.nbytes / 2


@pytest.mark.parametrize("offset", [0, 1, 16])
@pytest.mark.parametrize("owner", ["numpy", "bytes"])
def test_images_in_any_memory_make_batches(offset, owner):
    content = np.random.default_rng(0).integers(0, 256, 4 * 48 + offset, dtype=np.uint8)
    memory = content if owner == "numpy" else np.frombuffer(content.tobytes(), np.uint8)
    images = memory[offset:].reshape(4, 4, 4, 3)
    images.flags.writeable = False
    (batch,) = take(ImageDataset("x", images), 1, size=4)
    assert sorted(map(bytes, batch)) == sorted(map(bytes, images))


def test_the_given_array_is_copied():
    images = np.zeros((4, 2, 2, 1), np.uint8)
    dataset = ImageDataset("copy", images)
    images[:] = 255
    assert take(dataset, 1, size=4)[0].max() == 0


def test_fingerprint_depends_on_the_content():
    def of(images, labels):
        return ImageDataset("x", images, labels, ["a", "b"] if labels is not None else ()).fingerprint

    changed = GREY.copy()
    changed[3, 7, 7, 0] = 1
    zeros, ones = np.zeros(4, int), np.ones(4, int)
    assert of(GREY, zeros) == of(GREY.copy(), zeros.astype(np.int8))
    prints = [of(GREY, zeros), of(changed, zeros), of(GREY, ones), of(GREY, None), of(GREY.reshape(4, 4, 16, 1), zeros)]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    "images, problem",
    [
        (GREY.astype(np.float32), "must be uint8"),
        (GREY.tolist(), "numpy array"),
        (GREY[0], r"\[N, H, W, C\]"),
        (GREY[:0], "empty axis"),
        (np.zeros((4, 3, 8, 8), np.uint8), "transpose"),
        (np.zeros((4, 8, 8, 2), np.uint8), "1, 3 or 4 channels"),
    ],
)
def test_other_arrays_are_refused(images, problem):
    with pytest.raises(InputError, match=f"^images: .*{problem}"):
        ImageDataset("x", images)


@pytest.mark.parametrize(
    "labels, problem",
    [
        (np.zeros(4, np.float32), "integers"),
        (np.zeros(3, int), "one per image"),
        (np.array([0, 1, 2, 0]), r"in 0\.\.1"),
        (np.array([0, -1, 1, 0]), r"in 0\.\.1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels, problem):
    with pytest.raises(InputError, match=f"^labels: .*{problem}"):
        ImageDataset("x", GREY, labels, ["a", "b"])


def test_class_names_without_labels_are_refused():
    with pytest.raises(InputError, match="^class_names: "):
        ImageDataset("x", GREY, None, ["a"])
