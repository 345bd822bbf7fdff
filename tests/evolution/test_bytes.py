"""Images of uint8 stand for [−1, 1] in every kind of data, and train exactly as the same images in floats."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.samples import bytes_to_floats, host_bytes_to_floats
from tests.evolution.kinds import BATCH, IMAGE, KINDS, TOTAL, arguments, flat, generations, model

PIXELS = np.random.default_rng(0).integers(0, 256, (2 * TOTAL, *IMAGE)).astype("uint8")
FLOATS = PIXELS.astype("float32") / np.float32(127.5) - np.float32(1)


def weights(egan: EGAN) -> list[np.ndarray]:
    return [np.asarray(value) for value in (*egan.generator.weights, *egan.discriminator.weights)]


@pytest.fixture(scope="module")
def by_floats() -> list[np.ndarray]:
    egan = model(IMAGE)
    egan.fit(FLOATS, batch_size=BATCH, shuffle=False, verbose=0)
    return weights(egan)


def test_the_table_is_the_formula() -> None:
    every = np.arange(256, dtype="uint8")
    expected = every.astype("float32") / np.float32(127.5) - np.float32(1)
    assert expected.min() == -1 and expected.max() == 1
    for jit in (False, True):
        found = tf.function(bytes_to_floats, jit_compile=jit)(tf.constant(every)).numpy()
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(host_bytes_to_floats(every), expected)


FAST = ("array", "dataset of batches", "generator", "function")
SLOW_KINDS = [kind if kind in FAST else pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS]


@pytest.mark.parametrize("kind", SLOW_KINDS)
def test_every_kind_of_data_may_hold_bytes(kind: str, by_floats: list[np.ndarray]) -> None:
    egan = model(IMAGE)
    egan.fit(**arguments(kind, PIXELS), batch_size=BATCH, verbose=0)
    assert egan.generation.numpy() == 2
    for found, expected in zip(weights(egan), by_floats, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["array", "dataset of samples", "dataset of batches", "memmap"])
def test_bytes_stay_bytes_until_the_step(kind: str) -> None:
    found = generations(model(IMAGE), arguments(kind, PIXELS))
    assert all(batches.evaluation.dtype == batches.fresh.dtype == tf.uint8 for batches in found)
    np.testing.assert_array_equal(np.concatenate([flat(b) for b in found]), PIXELS)


def test_a_stream_may_mix_bytes_and_floats() -> None:
    batches = [PIXELS[:TOTAL], FLOATS[TOTAL:]]
    first, second = model(IMAGE), model(IMAGE)
    first.fit(iter(batches), batch_size=BATCH, verbose=0)
    second.fit(FLOATS, batch_size=BATCH, shuffle=False, verbose=0)
    for found, expected in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_single_steps_take_bytes() -> None:
    egan, other, third = model(IMAGE), model(IMAGE), model(IMAGE)
    egan.train_on_batch(PIXELS[:TOTAL])
    other.train_on_batch(FLOATS[:TOTAL])
    third.train_step(tf.constant(PIXELS[:TOTAL]))
    for found, expected, stepped in zip(weights(egan), weights(other), weights(third), strict=True):
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_allclose(stepped, expected, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is, as its data is refused before training."""
    return model()


@pytest.mark.parametrize("kind", KINDS)
def test_points_are_no_bytes(kind: str, untrained: EGAN) -> None:
    with pytest.raises(InputError, match="^x: must hold floating-point samples"):
        untrained.fit(**arguments(kind, np.ones([2 * TOTAL, 2], "uint8")), batch_size=BATCH, verbose=0)
