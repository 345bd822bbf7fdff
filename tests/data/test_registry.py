from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from egan_tf.data import DATASETS, Dataset, load
from egan_tf.utils.checks import InputError

OFFLINE = ("digits", "grid25", "ring8")


def first_batch(dataset: Dataset, size: int, seed: int, step: int) -> tuple[np.ndarray, np.ndarray | None]:
    if dataset.in_graph:
        return dataset.batches(size, seed)(tf.constant(step, tf.int64), size).numpy(), None
    element = next(iter(dataset.batches(size, seed, step)))
    return (element[0].numpy(), element[1].numpy()) if isinstance(element, tuple) else (element.numpy(), None)


def test_importing_the_registry_imports_nothing_heavy():
    heavy = "{'tensorflow', 'keras', 'sklearn', 'tensorflow_datasets'}"
    code = f"import sys, egan_tf.data; found = {heavy} & set(sys.modules); sys.exit(str(found) if found else 0)"
    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("name", OFFLINE)
def test_contract(name, tmp_path):
    dataset = load(name, tmp_path)
    assert dataset.name == name and dataset.split == "train"
    assert re.fullmatch("[0-9a-f]{64}", dataset.fingerprint)
    assert load(name, tmp_path).fingerprint == dataset.fingerprint
    assert dataset.about.description.endswith(".")

    samples, labels = first_batch(dataset, 64, seed=3, step=7)
    assert samples.shape == (64, *dataset.shape) and samples.min() < samples.max()
    assert samples.dtype == (np.float32 if dataset.value_range is None else np.uint8)
    assert (labels is None) == (dataset.class_names == ())
    if labels is not None:
        assert labels.shape == (64,) and labels.dtype == np.int32
        assert labels.min() >= 0 and labels.max() < len(dataset.class_names)


@pytest.mark.parametrize("name", OFFLINE)
def test_batch_is_a_function_of_seed_and_step(name, tmp_path):
    dataset = load(name, tmp_path)
    batch, _ = first_batch(dataset, 16, seed=3, step=7)
    assert np.array_equal(batch, first_batch(load(name, tmp_path), 16, seed=3, step=7)[0])
    assert not np.array_equal(batch, first_batch(dataset, 16, seed=4, step=7)[0])
    assert not np.array_equal(batch, first_batch(dataset, 16, seed=3, step=8)[0])


@pytest.mark.parametrize("name", OFFLINE)
def test_impossible_orders_are_refused(name, tmp_path):
    dataset = load(name, tmp_path)
    for field, arguments in {
        "size": (0, 1),
        "seed": (4, -1),
        "start": (4, 1, -1),
    }.items():
        with pytest.raises(InputError, match=f"^{field}:"):
            dataset.batches(*arguments)
    with pytest.raises(InputError, match=r"^seed: .*2\*\*63"):
        dataset.batches(4, 2**63)
    with pytest.raises(InputError, match=r"^start: .*2\*\*63"):
        dataset.batches(4, 1, 2**61)


def test_fingerprints_differ(tmp_path):
    assert len({load(name, tmp_path).fingerprint for name in OFFLINE}) == len(OFFLINE)


def test_unknown_name_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="dataset: .*did you mean 'grid25'.*cifar10") as caught:
        load("gird25", tmp_path)
    assert all(name in str(caught.value) for name in DATASETS)


@pytest.mark.parametrize("name", OFFLINE)
def test_split_that_does_not_exist_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="^split: "):
        load(name, tmp_path, split="test")


def test_digits_use_the_whole_range_of_a_byte(tmp_path):
    digits = load("digits", tmp_path)
    assert digits.images.shape == (1797, 8, 8, 1) and digits.images.dtype == np.uint8
    assert (digits.images.min(), digits.images.max(), len(np.unique(digits.images))) == (0, 255, 17)
    assert digits.class_names == tuple("0123456789")
