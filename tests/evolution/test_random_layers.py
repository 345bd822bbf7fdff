"""Random layers: their states are part of what is saved, whichever way, so that training goes on bit for bit."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from egan_tf import EGAN

SAMPLES = np.random.default_rng(0).normal(size=(64, 2)).astype("float32")


def made() -> EGAN:
    random = [layers.Dropout(0.5), layers.GaussianNoise(0.2, seed=3)]
    generator = keras.Sequential([keras.Input((4,)), layers.Dense(8, "tanh"), layers.Dropout(0.3), layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), layers.Dense(8, "tanh"), *random, layers.Dense(1)])
    egan = EGAN(generator, discriminator, mutations=("heuristic",), seed=3)
    egan.compile(jit_compile=False)
    return egan


def whole(egan: EGAN, folder: Path) -> EGAN:
    egan.save(folder / "it.keras")
    return keras.models.load_model(folder / "it.keras")


def weights(egan: EGAN, folder: Path) -> EGAN:
    egan.save_weights(folder / "it.weights.h5")
    keras.utils.set_random_seed(99)
    other = made()
    other.load_weights(folder / "it.weights.h5")
    return other


WAYS: dict[str, Callable[[EGAN, Path], EGAN]] = {
    "keras": whole,
    "weights": weights,
    "pickle": lambda egan, folder: pickle.loads(pickle.dumps(egan)),
    "deepcopy": lambda egan, folder: copy.deepcopy(egan),
}


def train(egan: EGAN) -> list[np.ndarray]:
    egan.fit(SAMPLES, batch_size=8, shuffle=False, verbose=0)
    return [np.asarray(value) for value in [*egan.generator.get_weights(), *egan.discriminator.get_weights()]]


@pytest.mark.parametrize("way", WAYS)
def test_training_goes_on_with_the_same_random_numbers(way: str, tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    egan = made()
    train(egan)
    other = WAYS[way](egan, tmp_path)
    for ours, theirs in zip(train(egan), train(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_files_without_random_states_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keras.utils.set_random_seed(1)
    egan = made()
    train(egan)
    monkeypatch.setattr(EGAN, "_random_states", lambda self: [])
    egan.save_weights(tmp_path / "old.weights.h5")
    monkeypatch.undo()
    other: Any = made()
    other.load_weights(tmp_path / "old.weights.h5")
    for ours, theirs in zip(egan.discriminator.get_weights(), other.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
