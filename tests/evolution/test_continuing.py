"""Training that is saved, loaded and continued equals training in one go, bit for bit."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.utils import randomness

LATENT, BATCH = 3, 4
Decay = keras.optimizers.schedules.ExponentialDecay


def draw(generation: tf.Tensor, count: int) -> tf.Tensor:
    """Real samples, a function of the generation."""
    return randomness.normal([count, 2], randomness.stream(5, generation))


def networks() -> tuple[keras.Model, keras.Model]:
    return (
        keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(2)]),
        keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "relu"), keras.layers.Dense(1)]),
    )


def made(
    optimizer: Callable[[], Any] = lambda: "adam", jit_compile: bool | str = False, steps: int = 1, **settings: Any
) -> EGAN:
    keras.utils.set_random_seed(1)
    egan = EGAN(*networks(), mutations=("heuristic", "minimax"), **{"population_size": 2, **settings})
    egan.compile(optimizer(), optimizer(), jit_compile=jit_compile, steps_per_execution=steps)
    return egan


def evolve(egan: EGAN, generations: int, **options: Any) -> None:
    egan.fit(draw, batch_size=BATCH, steps_per_epoch=generations, verbose=0, **options)


def state(egan: EGAN) -> list[np.ndarray]:
    optimizers = [*egan.generator_optimizer.variables, *egan.discriminator_optimizer.variables]
    return [np.asarray(egan.gamma), *(np.asarray(variable) for variable in [*egan.variables, *optimizers])]


def assert_same(one: EGAN, other: EGAN) -> None:
    for a, b in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(a, b)


def assign_gamma(egan: EGAN) -> None:
    egan.gamma = 0.3


def replace_schedule(egan: EGAN) -> None:
    egan.gamma = Decay(0.5, 3, 0.25)


def lower_rates(egan: EGAN) -> None:
    egan.generator_optimizer.learning_rate = 0.0125
    egan.discriminator_optimizer.learning_rate.assign(0.0625)


def compile_again(egan: EGAN) -> None:
    egan.compile("sgd", "adamw", jit_compile=False, steps_per_execution=2)


def nothing(egan: EGAN) -> None:
    del egan


VARIANTS: dict[str, tuple[dict[str, Any], Callable[[EGAN], None]]] = {
    "plain": ({"population_size": 1}, nothing),
    "averages": ({"ema_decay": 0.9, "population_size": 3}, nothing),
    "several steps": ({"steps": 2, "mutation_steps": 2, "discriminator_steps": 2}, nothing),
    "gamma assigned": ({}, assign_gamma),
    "gamma assigned, XLA": ({"jit_compile": True, "population_size": 1}, assign_gamma),
    "gamma schedule": ({"gamma": Decay(0.5, 3, 0.25)}, nothing),
    "gamma schedule assigned": ({}, replace_schedule),
    "gamma variable": ({"gamma": tf.Variable(0.75)}, nothing),
    "gamma variable assigned": ({"gamma": keras.Variable(0.75)}, assign_gamma),
    "gamma assigned after a schedule": ({"gamma": Decay(0.5, 3, 0.25)}, assign_gamma),
    "rates assigned": ({"optimizer": lambda: keras.optimizers.SGD(0.1, momentum=0.9)}, lower_rates),
    "rate schedule": ({"optimizer": lambda: keras.optimizers.AdamW(Decay(0.1, 3, 0.5))}, nothing),
    "penalties": ({"r1_weight": 0.5, "gradient_penalty_weight": 0.5}, nothing),
    "compiled again": ({}, compile_again),
}


# Two of them in every run of the tests; the others are slow only because they are many.
SOME = [pytest.param(name, marks=() if i in (5, 10) else pytest.mark.slow) for i, name in enumerate(VARIANTS)]


@pytest.mark.parametrize("variant", SOME)
def test_a_loaded_model_continues(variant: str, tmp_path: Path) -> None:
    settings, change = VARIANTS[variant]
    egan = made(**settings)
    change(egan)
    evolve(egan, 4)
    egan.save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras")
    assert_same(egan, loaded)
    evolve(egan, 2), evolve(loaded, 2)
    assert_same(egan, loaded)
    assert int(loaded.generation.numpy()) == 6


@pytest.mark.parametrize("variant", VARIANTS)
def test_loaded_weights_are_the_whole_state_but_functions(variant: str, tmp_path: Path) -> None:
    settings, change = VARIANTS[variant]
    egan, other = made(**settings), made(**settings)
    change(egan), egan.generation.assign(7)
    if change is compile_again:
        change(other)
    for optimizer in (egan.generator_optimizer, egan.discriminator_optimizer):
        for variable in optimizer.variables:
            variable.assign(variable + 1 if variable.name == "iteration" else variable)
    egan.set_weights([2 * value + 1 for value in egan.get_weights()])
    path = tmp_path / "egan.weights.h5"
    if change is replace_schedule:
        with pytest.raises(InputError, match="^gamma: was assigned a function"):
            egan.save_weights(path)
        assert not path.exists()
        return
    egan.save_weights(path)
    other.load_weights(path)
    assert_same(egan, other)


def through_file(egan: EGAN, path: Path) -> EGAN:
    egan.save(path / "egan.keras")
    return keras.models.load_model(path / "egan.keras")


def through_folder(egan: EGAN, path: Path) -> EGAN:
    egan.save(path / "egan", zipped=False)
    return keras.models.load_model(path / "egan")


def through_shards(egan: EGAN, path: Path) -> EGAN:
    other = made(ema_decay=0.9)
    egan.save_weights(path / "egan.weights.json", max_shard_size=1e-6)
    other.load_weights(path / "egan.weights.json")
    return other


def through_whole_file(egan: EGAN, path: Path) -> EGAN:
    other = made(ema_decay=0.9)
    egan.save(path / "egan.keras")
    other.load_weights(path / "egan.keras")
    return other


WAYS: dict[str, Callable[[EGAN, Path], EGAN]] = {
    "folder": through_folder,
    "shards": through_shards,
    "weights of a whole file": through_whole_file,
    "pickle": lambda egan, path: pickle.loads(pickle.dumps(egan)),
    "deepcopy": lambda egan, path: copy.deepcopy(egan),
    "twice": lambda egan, path: through_file(through_file(egan, path), path),
}


@pytest.fixture(scope="module")
def trained() -> EGAN:
    egan = made(ema_decay=0.9)
    assign_gamma(egan)
    evolve(egan, 2)
    return egan


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_save_keeps_the_whole_state(way: str, trained: EGAN, tmp_path: Path) -> None:
    other = WAYS[way](trained, tmp_path)
    assert other is not trained
    assert_same(trained, other)


def test_weights_take_gamma_back_to_when_they_were_saved(tmp_path: Path) -> None:
    egan = made(gamma=0.5)
    egan.save_weights(tmp_path / "before.weights.h5")
    egan.gamma = 2.0
    egan.save_weights(tmp_path / "after.weights.h5")
    for name, expected in (("before", 0.5), ("after", 2.0), ("before", 0.5)):
        egan.load_weights(tmp_path / f"{name}.weights.h5")
        assert egan.gamma == egan.settings.gamma == expected


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("way", ["folder", "pickle", "deepcopy", "twice"])
def test_a_model_that_was_not_trained(way: str, compiled: bool, tmp_path: Path) -> None:
    egan = made() if compiled else EGAN(*networks(), population_size=2)
    other = WAYS[way](egan, tmp_path)
    assert other.compiled == compiled
    for a, b in zip(egan.variables, other.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_loading_without_compile_samples_and_wants_compile_before_training(trained: EGAN, tmp_path: Path) -> None:
    trained.save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras", compile=False)
    noise = tf.random.stateless_normal([5, LATENT], [1, 2])
    np.testing.assert_array_equal(trained.sample(noise), loaded.sample(noise))
    for train in (lambda: evolve(loaded, 1), lambda: loaded.train_on_batch(np.ones([BATCH, 2], "float32"))):
        with pytest.raises(InputError, match="^compile: must be called"):
            train()
    loaded.compile("adam", "adam", jit_compile=False)
    evolve(loaded, 1)
    assert int(loaded.generation.numpy()) == 3


def test_weights_are_loaded_after_compile(tmp_path: Path) -> None:
    """Otherwise the optimizers' state would be lost."""
    made().save_weights(tmp_path / "egan.weights.h5")
    egan = EGAN(*networks(), population_size=2)
    with pytest.raises(InputError, match="^load_weights: call compile first"):
        egan.load_weights(tmp_path / "egan.weights.h5")


class Anneal(keras.callbacks.Callback):
    """Changes γ and the learning rates once, in the second epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            assign_gamma(self.model)
            lower_rates(self.model)


class Interrupt(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_backup_and_restore_equals_training_in_one_go(tmp_path: Path) -> None:
    def backup() -> keras.callbacks.Callback:
        return keras.callbacks.BackupAndRestore(tmp_path / "backup")

    whole, first, second = (made(ema_decay=0.9, steps=2) for _ in range(3))
    evolve(whole, 2, epochs=5, callbacks=[Anneal()])
    with pytest.raises(KeyboardInterrupt):
        evolve(first, 2, epochs=5, callbacks=[Anneal(), backup(), Interrupt()])
    evolve(second, 2, epochs=5, callbacks=[Anneal(), backup()])
    assert second.gamma == 0.3
    assert_same(whole, second)


@pytest.mark.parametrize("weights_only", [False, True])
def test_the_best_checkpoint_is_that_of_the_best_epoch(weights_only: bool, tmp_path: Path) -> None:
    path = tmp_path / ("best.weights.h5" if weights_only else "best.keras")
    checkpoint = keras.callbacks.ModelCheckpoint(
        path, monitor="fitness", mode="max", save_best_only=True, save_weights_only=weights_only
    )
    states: list[tuple[float, list[np.ndarray]]] = []
    egan = made()

    def note(epoch: int, logs: Any) -> None:
        states.append((logs["fitness"], state(egan)))

    evolve(egan, 1, epochs=4, callbacks=[checkpoint, keras.callbacks.LambdaCallback(on_epoch_end=note)])
    loaded = made() if weights_only else keras.models.load_model(path)
    if weights_only:
        loaded.load_weights(path)
    best = max(states, key=lambda entry: entry[0])[1]
    for a, b in zip(best, state(loaded), strict=True):
        np.testing.assert_array_equal(a, b)


FRESH = """
import os, sys
sys.path.insert(0, {root!r})
import keras
from egan_tf import EGAN
from tests.evolution.test_continuing import draw, evolve
egan = keras.models.load_model({path!r})
evolve(egan, 3)
egan.save({path!r})
"""


def test_a_fresh_process_continues(tmp_path: Path) -> None:
    egan = made(ema_decay=0.9, gamma=Decay(0.5, 3, 0.25))
    evolve(egan, 2)
    egan.save(tmp_path / "egan.keras")
    evolve(egan, 3)
    root = str(Path(__file__).parents[2])
    code = FRESH.format(root=root, path=str(tmp_path / "egan.keras"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_same(egan, keras.models.load_model(tmp_path / "egan.keras"))
