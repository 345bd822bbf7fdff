"""Weights that are set on the generator between generations, and what moving averages make of the survivors'."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from tests.evolution.networks import IMAGE, LATENT, POINT, images, points

NOISE = np.linspace(-1, 1, 3 * LATENT).reshape(3, LATENT).astype("float32")
SIZES = [pytest.param(1, marks=pytest.mark.slow), 2]


def trained(pair: Any, shape: tuple[int, ...], **settings: Any) -> EGAN:
    keras.utils.set_random_seed(1)
    egan = EGAN(*pair(), seed=3, mutations=("heuristic",), **settings)
    egan.compile(jit_compile=False)
    x = np.tanh(np.random.default_rng(0).normal(size=(32, *shape))).astype("float32")
    egan.fit(x, batch_size=8, steps_per_epoch=2, verbose=0)
    return egan


@pytest.mark.parametrize("population_size", SIZES)
def test_all_weights_that_are_set_are_those_of_the_fittest(population_size: int) -> None:
    """Also the statistics of BatchNormalization."""
    egan = trained(images, IMAGE, population_size=population_size)
    given = [1.5 * weight + 0.1 for weight in egan.generator.get_weights()]
    others = [egan.individual(rank).get_weights() for rank in range(1, population_size)]
    egan.generator.set_weights(given)
    for ours, theirs in zip(egan.individual(0).get_weights(), given, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(egan.sample(NOISE), egan.generator(NOISE))
    for rank, before in enumerate(others, start=1):
        for ours, theirs in zip(egan.individual(rank).get_weights(), before, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("population_size", SIZES)
def test_weights_that_a_callback_sets_count_from_the_next_epoch_on(population_size: int) -> None:
    """As if `fit` had ended between the epochs; those that are set before the first count there."""

    def train(at_once: bool) -> EGAN:
        keras.utils.set_random_seed(1)
        egan = EGAN(*points(), seed=3, mutations=("heuristic",), population_size=population_size)
        egan.compile(jit_compile=False)
        x = np.random.default_rng(0).normal(size=(32, *POINT)).astype("float32")

        def set_weights(epoch: int, logs: Any = None) -> None:
            egan.generator.set_weights([0.5 * weight + 0.1 * epoch for weight in egan.generator.get_weights()])

        change = keras.callbacks.LambdaCallback(on_epoch_begin=set_weights)
        if at_once:
            egan.fit(x, batch_size=8, steps_per_epoch=1, epochs=3, callbacks=[change], verbose=0)
            return egan
        for epoch in range(3):
            set_weights(epoch)
            egan.fit(x, batch_size=8, steps_per_epoch=1, verbose=0)
        return egan

    one, other = train(True), train(False)
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("slots", ["lineage", "objective"])
def test_an_optimizers_copy_of_the_weights_follows_them_before_training(slots: str) -> None:
    """ScheduleFreeAdamW moves its copy, and makes the weights from it."""

    def train(after_compile: bool) -> EGAN:
        keras.utils.set_random_seed(1)
        egan = EGAN(*points(), seed=3, slots=slots, mutations=("heuristic", "minimax"))
        given = [0.5 * weight + 0.1 for weight in egan.generator.get_weights()]
        if not after_compile:
            egan.generator.set_weights(given)
            egan.individual()
        rate = keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
        egan.compile(keras.optimizers.ScheduleFreeAdamW(rate), "adam", jit_compile=False)
        if after_compile:
            egan.generator.set_weights(given)
        egan.fit(np.zeros((16, *POINT), "float32"), batch_size=8, verbose=0)
        return egan

    one, other = train(True), train(False)
    for ours, theirs in zip(one.variables, other.variables, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_a_moving_average_that_has_moved_goes_on() -> None:
    egan = trained(points, POINT, ema_decay=0.9)
    before = egan.population.averages
    egan.generator.set_weights([weight + 1.0 for weight in egan.generator.get_weights()])
    egan.sample(NOISE)
    for now, then in zip(egan.population.averages, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("policy", [pytest.param("bfloat16", marks=pytest.mark.slow), "float16"])
def test_a_moving_average_of_weights_in_half_precision_moves(policy: str) -> None:
    keras.config.set_dtype_policy(policy)
    try:
        egan = trained(points, POINT, ema_decay=0.999)
    finally:
        keras.config.set_dtype_policy("float32")
    population = egan.population
    population.average_stack.assign([tf.ones_like(average) for average in population.averages])
    weights = [tf.fill(weight.shape, tf.cast(1.5, weight.dtype)) for weight in population.individuals.network.trainable]
    population.weights_stack.assign(weights)
    individuals = population.individuals
    for _ in range(20):
        population.continue_lines(individuals, tf.constant([False]), tf.constant(10**6, tf.int64), 0.999)
    # 20 steps of a thousandth of what is left of 0.5.
    expected = 1.5 - 0.5 * 0.999**20
    for average in population.averages:
        np.testing.assert_allclose(average, np.full(average.shape, expected), rtol=1e-5)
    assert egan.sample(NOISE).dtype == tf.float32


NOISES: dict[str, Any] = {
    "array": NOISE,
    "list": NOISE.tolist(),
    "float64": NOISE.astype("float64"),
    "tensor of float64": tf.constant(NOISE, tf.float64),
    "tensor of float16": tf.constant(NOISE, tf.float16),
    "variable": tf.Variable(NOISE),
    "integers": np.ones([3, LATENT], int),
    "tensor of integers": tf.ones([3, LATENT], tf.int32),
}
NO_NOISE: dict[str, Any] = {
    "ragged": [[1.0], [1.0, 2.0]],
    "text": [["a"] * LATENT],
    "tensor of text": tf.constant([["a"] * LATENT]),
    "complex": np.ones([3, LATENT], complex),
    "bools": np.ones([3, LATENT], bool),
    "nothing": None,
    "another size": np.ones([3, LATENT + 1]),
    "another rank": np.ones(LATENT),
}


@pytest.fixture(scope="module")
def sampled() -> EGAN:
    """Of which the tests only ask for samples."""
    return trained(points, POINT)


def test_noise_of_any_real_type_is_sampled_with(sampled: EGAN) -> None:
    for name, noise in NOISES.items():
        samples = sampled.sample(noise)
        assert samples.shape == (3, *POINT) and samples.dtype == tf.float32, name
    np.testing.assert_array_equal(sampled.sample(NOISES["tensor of float64"]), sampled.sample(NOISE))


def test_what_is_no_noise_is_refused_in_one_line(sampled: EGAN) -> None:
    for name, noise in NO_NOISE.items():
        with pytest.raises(InputError, match="^noise: must be ") as error:
            sampled.sample(noise)
        assert "\n" not in str(error.value), name
    for position in ("0", 1, -1, 0.5, None, True):
        with pytest.raises(InputError, match="^individual: must be "):
            sampled.individual(position)
