"""The burn-in's values in closed form, LeCam regularization, and both inside a run beside plain loops."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN
from egan_tf.evolution.burn_in import during_burn_in
from egan_tf.evolution.lecam import DECAY, lecam_penalty, next_anchors
from egan_tf.evolution.stateless import state_of
from egan_tf.evolution.step import _apply_discriminator_update
from egan_tf.evolution.variation import DiscriminatorUpdate
from egan_tf.networks import build_discriminator, build_generator
from egan_tf.training.adam import BurnInAdam
from tests.evolution.plain_loop import logistic, train_plainly

BATCH, GENERATIONS = 8, 6


@pytest.mark.parametrize(("step", "expected"), [(0, 10.0), (5, 5.5), (10, 1.0), (1000, 1.0)])
def test_half_a_cosine(step: int, expected: float) -> None:
    for jit in (False, True):
        found = tf.function(lambda at: during_burn_in(10.0, 1.0, at, 10), jit_compile=jit)(tf.constant(step))
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_lecam_in_closed_form() -> None:
    real, fake = tf.constant([[1.0], [3.0]]), tf.constant([[-1.0], [0.0]])
    expected = np.mean([(1 + 0.5) ** 2, (3 + 0.5) ** 2]) + np.mean([(-1 - 2) ** 2, (0 - 2) ** 2])
    np.testing.assert_allclose(lecam_penalty(real, fake, tf.constant([2.0, -0.5, 7.0])), expected)
    assert lecam_penalty(real, fake, tf.zeros(3)) == 0


def test_anchors_are_means_at_first_and_then_forget() -> None:
    logits = np.random.default_rng(0).normal(size=(300, 2)).astype("float32")
    anchors = tf.zeros(3)
    for number, pair in enumerate(logits, start=1):
        anchors = next_anchors(anchors, tf.constant(pair))
        if number <= 100:
            np.testing.assert_allclose(anchors[:2], logits[:number].mean(axis=0), atol=1e-5)
    assert anchors[2] == 300 and DECAY == 0.99
    weights = 0.99 ** np.arange(200)[::-1] * 0.01
    expected = logits[:100].mean(axis=0) * 0.99**200 + weights @ logits[100:]
    np.testing.assert_allclose(anchors[:2], expected, atol=1e-5)


def model(optimizer: Any = None, **settings: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    networks = build_generator("mlp", (2,), 3, 8), build_discriminator("mlp", (2,), 8)
    egan = EGAN(*networks, mutations=("heuristic",), evaluation_size=BATCH, **settings)
    make = optimizer or (lambda: keras.optimizers.SGD(0.05))
    egan.compile(make(), make(), jit_compile=False)
    return egan


def beside(egan: EGAN, optimizer: Any = None, **words: Any) -> None:
    """Trains the model, and its networks by a plain loop; the weights agree."""
    copies = [keras.models.clone_model(network) for network in (egan.generator, egan.discriminator)]
    for copy, network in zip(copies, (egan.generator, egan.discriminator), strict=True):
        copy.set_weights(network.get_weights())
    taken = egan.samples_per_generation(BATCH)
    samples = np.random.default_rng(0).normal(size=(GENERATIONS * taken, 2)).astype("float32")
    egan.fit(samples, batch_size=BATCH, shuffle=False, verbose=0)
    make = optimizer or (lambda: keras.optimizers.SGD(0.05))
    train_plainly(egan, *copies, (make(), make()), samples, GENERATIONS, BATCH, **words)
    for ours, plain in zip((egan.generator, egan.discriminator), copies, strict=True):
        for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("reuse", [True, False], ids=["reused", "fresh"])
def test_lecam_in_training(reuse: bool) -> None:
    seen: list[list[float]] = []

    def loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        total = logistic(real, fake)
        if seen:
            means = np.mean(seen, axis=0)
            total += 0.4 * (tf.reduce_mean((real - means[1]) ** 2) + tf.reduce_mean((fake - means[0]) ** 2))
        seen.append([float(tf.reduce_mean(real)), float(tf.reduce_mean(fake))])
        return total

    egan = model(lecam_weight=0.4, reuse_evaluation_batch=reuse)
    beside(egan, loss=loss)
    assert egan.logit_anchors is not None
    np.testing.assert_allclose(egan.logit_anchors, [*np.mean(seen, axis=0), GENERATIONS], atol=1e-5)


def test_a_model_without_lecam_has_no_state_for_it() -> None:
    assert model().logit_anchors is None


@pytest.mark.parametrize("every", [1, 2])
def test_penalties_fall_over_the_burn_in(every: int) -> None:
    egan = model(r1_weight=0.3, burn_in=4, initial_penalty_factor=10.0, penalty_every=every)

    class Penalty:
        discriminator: keras.Model

        def __call__(self, number: int, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(real)
                total = tf.reduce_sum(self.discriminator(real, training=True))
            norms = tf.reduce_mean(tf.reduce_sum(tape.gradient(total, real) ** 2, axis=1))
            factor = 1 + 9 * 0.5 * (1 + np.cos(np.pi * min(1, number / 4)))
            return 0.5 * 0.3 * norms * factor * every * (number % every == 0)

    penalty = Penalty()
    generator, penalty.discriminator = (
        keras.models.clone_model(network) for network in (egan.generator, egan.discriminator)
    )
    generator.set_weights(egan.generator.get_weights())
    penalty.discriminator.set_weights(egan.discriminator.get_weights())
    samples = np.random.default_rng(0).normal(size=(GENERATIONS * BATCH, 2)).astype("float32")
    egan.fit(samples, batch_size=BATCH, shuffle=False, verbose=0)
    optimizers = keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05)
    train_plainly(egan, generator, penalty.discriminator, optimizers, samples, GENERATIONS, BATCH, penalty=penalty)
    for ours, plain in ((egan.generator, generator), (egan.discriminator, penalty.discriminator)):
        for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)


def test_a_step_with_infinite_logits_does_not_move_the_anchors() -> None:
    """Under hinge its loss and its gradient may be finite."""
    egan = model(lecam_weight=0.5, discriminator_loss="hinge")
    egan.fit(np.zeros((BATCH, 2), "float32"), batch_size=BATCH, verbose=0)
    before, state = egan.logit_anchors.numpy(), state_of(egan.discriminator)
    gradient = tuple(map(tf.zeros_like, state.trainable))
    for logits, moves in (([np.inf, 0.0], False), ([0.0, np.nan], False), ([1.0, -1.0], True)):
        update = DiscriminatorUpdate(gradient, state.non_trainable, tf.constant(0.0), (), tf.constant(logits))
        _apply_discriminator_update(egan, update)
        assert np.array_equal(egan.logit_anchors, before) != moves
    assert int(egan.population.failures.skipped_discriminator_steps) == 2


def burn_in_adam() -> BurnInAdam:
    return BurnInAdam(0.01, beta_1=0.5, beta_2=0.99, initial_beta_2=0.9, burn_in=4)


def test_beta_2_rises_as_in_numpy() -> None:
    weight, gradients = keras.Variable(np.array([1.0, -2.0], "float32")), np.random.default_rng(0).normal(size=(8, 2))
    optimizer = burn_in_adam()
    optimizer.build([weight])
    expected, m, v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for step, gradient in enumerate(gradients):
        optimizer.apply([tf.constant(gradient, tf.float32)], [weight])
        beta_2 = 0.99 + (0.9 - 0.99) * 0.5 * (1 + np.cos(np.pi * min(1, step / 4)))
        m, v = 0.5 * m + 0.5 * gradient, beta_2 * v + (1 - beta_2) * gradient**2
        rate = 0.01 * np.sqrt(1 - beta_2 ** (step + 1)) / (1 - 0.5 ** (step + 1))
        expected = expected - rate * m / (np.sqrt(v) + 1e-7)
        np.testing.assert_allclose(weight, expected, rtol=1e-5)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config() and again.beta_2 == 0.99


@pytest.mark.parametrize("population", [1, 2])
def test_it_trains_a_population_as_a_plain_loop_would(population: int) -> None:
    if population == 1:
        beside(model(burn_in_adam), burn_in_adam)
        return
    egan = model(burn_in_adam, population_size=2)
    egan.fit(np.zeros((4 * BATCH, 2), "float32"), batch_size=BATCH, verbose=0)
    assert np.isfinite(egan.population.scores.fitness).all()


def test_the_average_follows_quickly_at_first() -> None:
    fast = model(ema_decay=0.99, burn_in=1000, initial_ema_decay=0.0)
    samples = np.random.default_rng(0).normal(size=(3 * BATCH, 2)).astype("float32")
    fast.fit(samples, batch_size=BATCH, shuffle=False, verbose=0)
    slow = model(ema_decay=0.99)
    slow.fit(samples, batch_size=BATCH, shuffle=False, verbose=0)
    noise = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")

    def gap(egan: EGAN) -> float:
        return float(np.abs(egan.sample(noise) - egan.individual(0, averaged=False)(noise)).max())

    assert gap(fast) < 0.1 * gap(slow)
