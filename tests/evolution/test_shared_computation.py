"""Every shortcut of the generation equals its plain form, on networks with and without BatchNorm."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import MUTATIONS
from egan_tf.evolution.fitness import evaluate_fake, evaluate_real
from egan_tf.evolution.individuals import all_at_once, merge, mixes_samples, one_by_one, stack, sweep_for, take
from egan_tf.evolution.objectives import discriminator_loss
from egan_tf.evolution.stateless import StatelessOptimizer, apply_network, moves_elementwise, state_of
from egan_tf.evolution.variation import Networks, mutation_gradients, slopes_of_objectives
from egan_tf.networks import build_discriminator, build_generator

TOLERANCE = {"rtol": 1e-5, "atol": 1e-7}
LATENT, BATCH = 6, 12


def networks(kind: str, normalization: str) -> Networks:
    shape = (2,) if kind == "mlp" else (8, 8, 1)
    return Networks(
        build_generator(kind, shape, LATENT, 16, normalization), build_discriminator(kind, shape, 16, normalization)
    )


KINDS = pytest.mark.parametrize("kind", ["mlp", "dcgan"])
NORMALIZATIONS = pytest.mark.parametrize("normalization", ["none", "batch"])


def noise(seed: int = 0, count: int = BATCH) -> tf.Tensor:
    return tf.random.stateless_normal([count, LATENT], [seed, 1])


def assert_close(ours: Any, plain: Any, **tolerance: float) -> None:
    for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(plain), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), **{**TOLERANCE, **tolerance})


def test_what_mixes_samples() -> None:
    assert not mixes_samples(build_discriminator("dcgan", (8, 8, 1), 8))
    assert mixes_samples(build_discriminator("dcgan", (8, 8, 1), 8, "batch"))

    class Strange(keras.layers.Dense):
        """Dense by descent, but nobody knows what it does."""

    assert mixes_samples(keras.Sequential([keras.Input((2,)), Strange(1)]))
    nested = keras.Sequential([keras.Input((2,)), keras.Sequential([keras.layers.BatchNormalization()])])
    assert mixes_samples(nested)


@KINDS
@NORMALIZATIONS
def test_one_pass_through_the_discriminator_serves_all_objectives(kind: str, normalization: str) -> None:
    pair = networks(kind, normalization)
    judge, samples = state_of(pair.discriminator), pair.generator(noise(), training=True)
    slopes = slopes_of_objectives(pair.discriminator, judge, samples, list(MUTATIONS.values()))
    for slope, mutation in zip(slopes, MUTATIONS.values(), strict=True):
        with tf.GradientTape() as tape:
            tape.watch(samples)
            loss = mutation(apply_network(pair.discriminator, judge, samples)[0])
        np.testing.assert_allclose(slope, tape.gradient(loss, samples), rtol=1e-5, atol=1e-9)


@KINDS
@NORMALIZATIONS
@pytest.mark.parametrize("sweep", [one_by_one, None], ids=["one_by_one", "chosen"])
def test_one_forward_pass_serves_all_mutations(kind: str, normalization: str, sweep: Any) -> None:
    pair = networks(kind, normalization)
    judge, parent = state_of(pair.discriminator), state_of(pair.generator)
    sweep = sweep or sweep_for(*pair)
    gradients, _ = mutation_gradients(pair, parent, judge, noise(), list(MUTATIONS.values()), sweep=sweep)
    for position, mutation in enumerate(MUTATIONS.values()):
        with tf.GradientTape() as tape:
            tape.watch(parent.trainable)
            samples, _ = apply_network(pair.generator, parent, noise())
            loss = mutation(apply_network(pair.discriminator, judge, samples)[0])
        plain = tape.gradient(loss, parent.trainable)
        for ours, theirs in zip(gradients, plain, strict=True):
            largest = float(tf.reduce_max(tf.abs(theirs)))
            np.testing.assert_allclose(ours[position], theirs, rtol=1e-5, atol=1e-5 * largest)


@KINDS
@NORMALIZATIONS
def test_the_real_half_is_shared(kind: str, normalization: str) -> None:
    pair = networks(kind, normalization)
    judge, real = state_of(pair.discriminator), pair.generator(noise(7), training=True)
    fake = pair.generator(noise(8), training=True)
    ours = evaluate_fake(pair.discriminator, judge, evaluate_real(pair.discriminator, judge, real), fake)
    with tf.GradientTape() as tape:
        tape.watch(judge.trainable)
        real_logits, frozen = apply_network(pair.discriminator, judge, real)
        fake_logits, frozen = apply_network(pair.discriminator, judge._replace(frozen=frozen), fake)
        loss = discriminator_loss(real_logits, fake_logits)
    np.testing.assert_allclose(ours.loss, loss, rtol=1e-6)
    assert_close(ours.gradient, tuple(tape.gradient(loss, judge.trainable)))
    assert_close(ours.frozen, frozen)


@NORMALIZATIONS
def test_dense_individuals_go_all_at_once(normalization: str) -> None:
    pair = networks("mlp", normalization)
    others = [keras.models.clone_model(pair.generator) for _ in range(2)]
    members = stack([state_of(network) for network in (pair.generator, *others)])
    judge, real = state_of(pair.discriminator), noise(3, 2 * BATCH)[:, :2]
    half = evaluate_real(pair.discriminator, judge, real)

    def scored(member: Any) -> Any:
        fake, frozen = apply_network(pair.generator, member, noise())
        evaluation = evaluate_fake(pair.discriminator, judge, half, fake)
        return evaluation.quality, evaluation.diversity, evaluation.gradient, fake, frozen

    assert sweep_for(*pair) is all_at_once
    assert_close(all_at_once(scored, members, 3), one_by_one(scored, members, 3), atol=1e-6)


def test_convolutions_go_one_by_one() -> None:
    assert sweep_for(*networks("dcgan", "none")) is one_by_one


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(1e-2, 0.5),
    "amsgrad": lambda: keras.optimizers.Adam(1e-2, amsgrad=True, clipvalue=0.01),
    "adamw": lambda: keras.optimizers.AdamW(1e-2, weight_decay=0.1),
    "nadam": lambda: keras.optimizers.Nadam(1e-2),
    "sgd": lambda: keras.optimizers.SGD(1e-2, momentum=0.9, nesterov=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(1e-2, centered=True),
    "lion": lambda: keras.optimizers.Lion(1e-3),
    "ftrl": lambda: keras.optimizers.Ftrl(1e-2),
    "adagrad": lambda: keras.optimizers.Adagrad(1e-2),
    "adadelta": lambda: keras.optimizers.Adadelta(1.0),
    "adamax": lambda: keras.optimizers.Adamax(1e-2),
}
TOGETHER = {
    "clipnorm": lambda: keras.optimizers.Adam(1e-2, clipnorm=0.1),
    "global_clipnorm": lambda: keras.optimizers.SGD(1e-2, global_clipnorm=0.1),
    "adafactor": lambda: keras.optimizers.Adafactor(1e-2),
    "lamb": lambda: keras.optimizers.Lamb(1e-2),
}


@pytest.mark.parametrize("name", [*OPTIMIZERS, *TOGETHER])
def test_individuals_step_together_as_they_would_alone(name: str) -> None:
    make = {**OPTIMIZERS, **TOGETHER}[name]
    random = np.random.default_rng(0)
    shapes = [(3, 4), (4,)]
    weights = tuple(tf.constant(random.normal(size=(3, *shape)), tf.float32) for shape in shapes)
    gradients = [tuple(tf.constant(random.normal(size=(3, *shape)), tf.float32) for shape in shapes) for _ in range(3)]
    variables = [keras.Variable(np.zeros(shape, "float32"), name=f"w{i}") for i, shape in enumerate(shapes)]
    together = StatelessOptimizer(make(), variables, 3)
    assert together.stacked == (name in OPTIMIZERS) == moves_elementwise(together.optimizer, variables)
    slots = stack([together.initial_slots()] * 3)
    moved = weights
    for gradient in gradients:
        moved, slots = together.apply(gradient, moved, slots)

    for position in range(3):
        alone = [keras.Variable(weight[position]) for weight in weights]
        optimizer = make()
        optimizer.build(alone)
        for gradient in gradients:
            optimizer.apply(list(take(gradient, position)))
        assert_close(take(moved, position), [variable.value for variable in alone])
        own = [variable.value for variable in optimizer.variables if variable.name != "learning_rate"]
        assert_close(take(slots, position), own)


def test_merge_keeps_the_order() -> None:
    assert merge(tf.constant([[1, 2, 3], [4, 5, 6]])).numpy().tolist() == [1, 2, 3, 4, 5, 6]
