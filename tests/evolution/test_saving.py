"""A saved and reloaded model equals the original, and continues as the original does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, OBJECTIVES
from tests.evolution.networks import images, points

ARRAYS = {
    points: np.random.default_rng(0).normal(size=(180, 2)).astype("float32"),
    images: np.random.default_rng(0).uniform(-1, 1, size=(180, 8, 8, 1)).astype("float32"),
}


def evolve(egan: EGAN, pair: Any) -> None:
    egan.fit(tf.data.Dataset.from_tensor_slices(ARRAYS[pair]).batch(10), verbose=0)


def evolved(pair: Any) -> EGAN:
    egan = EGAN(*pair(), evaluation_size=8, population_size=2, ema_decay=0.9, seed=3)
    egan.compile("adamw", "adam")
    evolve(egan, pair)
    return egan


def assert_equal(one: EGAN, other: EGAN) -> None:
    for a, b in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.fixture(scope="module")
def of_points() -> EGAN:
    return evolved(points)


@pytest.mark.parametrize("pair", [points, pytest.param(images, marks=pytest.mark.slow)])
def test_whole_model(pair: Any, tmp_path: Path) -> None:
    egan = evolved(pair)
    egan.save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras")
    assert_equal(egan, loaded)
    evolve(egan, pair)
    evolve(loaded, pair)
    assert_equal(egan, loaded)


def test_weights_alone(of_points: EGAN, tmp_path: Path) -> None:
    egan = of_points
    egan.save_weights(tmp_path / "egan.weights.h5")
    other = EGAN(*points(), evaluation_size=8, population_size=2, ema_decay=0.9, seed=3)
    other.compile("adamw", "adam")
    other.load_weights(tmp_path / "egan.weights.h5")
    assert_equal(egan, other)
    noise = tf.random.stateless_normal([5, 6], [1, 2])
    np.testing.assert_array_equal(egan.sample(noise), other.sample(noise))


def test_compiling_anew_forgets_the_optimizer_and_nothing_else(of_points: EGAN) -> None:
    egan = of_points
    weights, count = egan.population.weights_stack.read(), len(egan.variables)
    egan.compile("adamw", "adam")
    assert len(egan.variables) == count
    assert not any(np.any(slot.numpy()) for slot in egan.population.slots_stack.members)
    for a, b in zip(weights, egan.population.weights_stack.read(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_keras_callbacks(tmp_path: Path) -> None:
    egan = EGAN(*points(), evaluation_size=8, population_size=2)
    egan.compile("adam", "adam")
    callbacks = [
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
        keras.callbacks.TerminateOnNaN(),
        keras.callbacks.TensorBoard(tmp_path / "tensorboard", update_freq=2),
        keras.callbacks.EarlyStopping(monitor="fitness", mode="max", patience=1, start_from_epoch=1),
    ]
    history = egan.fit(ARRAYS[points], batch_size=10, epochs=3, callbacks=callbacks, verbose=0)
    assert set(egan.operator_names) == {"minimax", "heuristic", "least_squares"}
    header, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert {"fitness", "fitness_1", "discriminator_loss"} <= set(header.split(","))
    assert len(rows) == len(history.history["fitness"])
    assert (tmp_path / "1.weights.h5").exists()
    assert list((tmp_path / "tensorboard" / "train").iterdir())


@pytest.mark.parametrize("name", OBJECTIVES)
def test_an_objective_keeps_its_name(name: str) -> None:
    """`hinge` and `wasserstein` are one function, which is called hinge."""
    for given in (OBJECTIVES[name], name, {name: OBJECTIVES[name]}):
        egan = EGAN(*points(), mutations=(given,))
        assert EGAN.from_config(egan.get_config()).operator_names == egan.operator_names
