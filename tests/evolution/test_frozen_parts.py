"""Generators of which a part is frozen: before the model is made, and after training."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.copies import NetworkCopy
from tests.evolution.networks import IMAGE, LATENT, POINT, images, points

NOISE = np.linspace(-1, 1, 3 * LATENT).reshape(3, LATENT).astype("float32")
Pair = tuple[keras.Model, keras.Model]


@keras.saving.register_keras_serializable("tests")
class Inner(keras.layers.Layer):
    """A layer with layers inside, of which its configuration says nothing."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.first, self.norm = keras.layers.Dense(8), keras.layers.BatchNormalization()

    def build(self, shape: Any) -> None:
        self.first.build(shape)
        self.norm.build((None, 8))
        super().build(shape)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.norm(self.first(inputs), training=training)


def a_variable() -> Pair:
    generator, discriminator = points()
    generator.layers[1].kernel.trainable = False
    discriminator.layers[2].bias.trainable = False
    return generator, discriminator


def an_inner_layer() -> Pair:
    generator = keras.Sequential([keras.Input((LATENT,)), Inner(), keras.layers.Dense(2)])
    generator.layers[0].norm.trainable = False
    return generator, points()[1]


def of_a_lambda() -> Pair:
    """Keras makes no clone of this one."""
    double = keras.layers.Lambda(lambda x: 2 * x)
    generator = keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(8), double, keras.layers.Dense(2)])
    generator.layers[0].kernel.trainable = False
    return generator, points()[1]


CLONED = {"a variable": a_variable, "an inner layer": an_inner_layer}
MADE = {**CLONED, "of a lambda": of_a_lambda}


def real(shape: tuple[int, ...] = POINT) -> np.ndarray:
    return np.tanh(np.random.default_rng(0).normal(size=(8, *shape))).astype("float32")


def trained(pair: Callable[[], Pair], shape: tuple[int, ...] = POINT, **settings: Any) -> EGAN:
    keras.utils.set_random_seed(1)
    egan = EGAN(*pair(), seed=3, mutations=("heuristic",), **settings)
    egan.compile(jit_compile=False)
    egan.train_on_batch(real(shape))
    return egan


def flags(network: keras.Model) -> list[bool]:
    return [variable.trainable for variable in network.variables]


@pytest.mark.parametrize("population_size", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize("name", MADE)
def test_a_copy_of_a_partly_frozen_generator_is_frozen_likewise(name: str, population_size: int) -> None:
    egan = trained(MADE[name], population_size=population_size)
    for rank in range(population_size):
        best = egan.individual(rank)
        assert isinstance(best, NetworkCopy) == (name == "of a lambda")
        assert len(best.trainable_variables) == len(egan.generator.trainable_variables)
    np.testing.assert_array_equal(egan.best_generator(NOISE), egan.sample(NOISE))


@pytest.mark.parametrize("name", CLONED)
def test_a_partly_frozen_model_is_saved_and_goes_on(name: str, tmp_path: Path) -> None:
    egan = trained(CLONED[name], population_size=2)
    egan.save(tmp_path / "egan.keras")
    loaded = keras.models.load_model(tmp_path / "egan.keras")
    np.testing.assert_array_equal(loaded.individual(1)(NOISE), egan.individual(1)(NOISE))
    for model in (egan, loaded):
        model.train_on_batch(real())
    np.testing.assert_array_equal(loaded.sample(NOISE), egan.sample(NOISE))
    for model in (loaded, copy.deepcopy(egan)):
        for ours, theirs in ((model.generator, egan.generator), (model.discriminator, egan.discriminator)):
            assert flags(ours) == flags(theirs)


def test_a_configuration_that_keeps_what_is_frozen_is_as_ever() -> None:
    generator, discriminator = points()
    generator.layers[1].trainable = False
    assert "trainable_flags" not in EGAN(generator, discriminator).get_config()
    assert "trainable_flags" in EGAN(*a_variable()).get_config()


def all_of_it(egan: EGAN) -> None:
    egan.generator.trainable = False


def a_layer(egan: EGAN) -> None:
    egan.generator.layers[1].trainable = False


def the_model(egan: EGAN) -> None:
    egan.trainable = False


LATER = [all_of_it, a_layer, the_model]


@pytest.fixture(scope="module")
def whole() -> EGAN:
    """Trained, never sampled from; the tests that freeze it thaw it again."""
    return trained(images, IMAGE, ema_decay=0.9)


@pytest.mark.parametrize("freeze", LATER)
def test_a_generator_that_is_frozen_later_is_sampled_from_as_before(freeze: Any, whole: EGAN) -> None:
    before = whole.best_generator(NOISE)
    noise = np.concatenate([NOISE, NOISE])[: 4 + LATER.index(freeze)]  # a size that nothing was traced for
    freeze(whole)
    np.testing.assert_allclose(whole.sample(noise)[:3], before, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(whole.best_generator(NOISE), before)
    np.testing.assert_array_equal(whole.individual(averaged=False)(NOISE), whole.generator(NOISE))
    whole.generator.set_weights([weight + 0.1 for weight in whole.generator.get_weights()])
    np.testing.assert_array_equal(whole.individual(averaged=False)(NOISE), whole.generator(NOISE))
    whole.trainable = whole.generator.trainable = True


@pytest.mark.parametrize("freeze", LATER)
def test_a_model_that_is_frozen_later_is_not_saved_as_what_it_is_not(freeze: Any, whole: EGAN, tmp_path: Path) -> None:
    freeze(whole)
    calls: list[Callable[[], Any]] = [
        lambda: whole.save(tmp_path / "egan.keras"),
        lambda: copy.deepcopy(whole),
        lambda: pickle.dumps(whole),
        lambda: whole.train_step(tf.constant(real(IMAGE))),
    ]
    for call in calls:
        with pytest.raises(InputError, match="^generator: its weights, .* changed since EGAN was made; ") as error:
            call()
        assert "\n" not in str(error.value)
    assert not (tmp_path / "egan.keras").exists()
    whole.save_weights(tmp_path / "egan.weights.h5")
    sampled = whole.sample(NOISE)
    whole.trainable = whole.generator.trainable = True
    whole.generator.set_weights([0 * weight for weight in whole.generator.get_weights()])
    whole.load_weights(tmp_path / "egan.weights.h5")
    np.testing.assert_array_equal(whole.sample(NOISE), sampled)


def test_a_generator_that_is_frozen_at_the_end_of_fit_gets_its_averages() -> None:
    keras.utils.set_random_seed(1)
    egan = EGAN(*points(), mutations=("heuristic",))
    egan.compile(*(keras.optimizers.Adam(1e-2, use_ema=True) for _ in range(2)), jit_compile=False)

    def freeze(*unused: Any) -> None:
        egan.generator.layers[1].trainable = egan.discriminator.layers[2].trainable = False

    egan.fit(real(), batch_size=8, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=freeze)])
    np.testing.assert_array_equal(egan.sample(NOISE), egan.generator(NOISE))
