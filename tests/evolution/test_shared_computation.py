"""Every shared computation of a generation equals its plain form, on networks with and without BatchNorm."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES
from egan_tf.evolution.evaluation import evaluator
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, DiscriminatorLoss, logistic
from egan_tf.evolution.map_functions import choose_map, mixes_samples, sequential_map, vectorized_map
from egan_tf.evolution.mutation import objective_gradients, sample_gradients
from egan_tf.evolution.objectives import takes_real_logits
from egan_tf.evolution.optimizer import StatelessOptimizer, vectorizes
from egan_tf.evolution.quality import batch_mean
from egan_tf.evolution.stacking import merge, stack, take
from egan_tf.evolution.stateless import apply_network, state_of
from egan_tf.evolution.variation import Networks
from egan_tf.networks import build_discriminator, build_generator

TOLERANCE = {"rtol": 1e-5, "atol": 1e-7}
LATENT, BATCH = 6, 12


def networks(kind: str, normalization: str) -> Networks:
    shape = (2,) if kind == "mlp" else (8, 8, 1)
    return Networks(
        build_generator(kind, shape, LATENT, 16, normalization), build_discriminator(kind, shape, 16, normalization)
    )


KINDS = pytest.mark.parametrize("kind", ["mlp", "dcgan"])
NORMALIZATIONS = pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])


def noise(seed: int = 0, count: int = BATCH) -> tf.Tensor:
    return tf.random.stateless_normal([count, LATENT], [seed, 1])


REAL_LOGITS = tf.random.stateless_normal([BATCH, 1], [3, 1])


def value_of(objective: Any, fake_logits: tf.Tensor) -> tf.Tensor:
    return objective(fake_logits, REAL_LOGITS) if takes_real_logits(objective) else objective(fake_logits)


def assert_close(ours: Any, plain: Any, **tolerance: float) -> None:
    for a, b in zip(tf.nest.flatten(ours), tf.nest.flatten(plain), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), **{**TOLERANCE, **tolerance})


def test_which_networks_mix_samples() -> None:
    assert not mixes_samples(build_discriminator("dcgan", (8, 8, 1), 8))
    assert mixes_samples(build_discriminator("dcgan", (8, 8, 1), 8, "batch"))

    class Strange(keras.layers.Dense):
        """A subclass of Dense, which might compute anything."""

    assert mixes_samples(keras.Sequential([keras.Input((2,)), Strange(1)]))
    nested = keras.Sequential([keras.Input((2,)), keras.Sequential([keras.layers.BatchNormalization()])])
    assert mixes_samples(nested)

    class Declared(keras.layers.Layer):
        """A layer that says what its kind does."""

        mixes_samples = False

        def call(self, inputs: Any) -> Any:
            return 2.0 * inputs

    class Derived(Declared):
        """A subclass of it, which says nothing."""

    for layer, mixes in ((Declared(), False), (Derived(), True)):
        assert mixes_samples(keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])) == mixes


@KINDS
@NORMALIZATIONS
def test_one_pass_through_the_discriminator_serves_all_objectives(kind: str, normalization: str) -> None:
    pair = networks(kind, normalization)
    state, samples = state_of(pair.discriminator), pair.generator(noise(), training=True)
    objectives = list(OBJECTIVES.values())
    gradients = sample_gradients(pair.discriminator, state, samples, objectives, real_logits=REAL_LOGITS)
    for gradient, mutation in zip(gradients, objectives, strict=True):
        with tf.GradientTape() as tape:
            tape.watch(samples)
            loss = value_of(mutation, apply_network(pair.discriminator, state, samples)[0])
        np.testing.assert_allclose(gradient, tape.gradient(loss, samples), rtol=1e-5, atol=1e-9)


@KINDS
@NORMALIZATIONS
@pytest.mark.parametrize("map_fn", [sequential_map, None], ids=["sequential", "chosen"])
def test_one_forward_pass_serves_all_mutations(kind: str, normalization: str, map_fn: Any) -> None:
    pair = networks(kind, normalization)
    state, parent = state_of(pair.discriminator), state_of(pair.generator)
    map_fn = map_fn or choose_map(*pair)
    objectives = list(OBJECTIVES.values())
    gradients, _ = objective_gradients(pair, parent, state, noise(), objectives, real_logits=REAL_LOGITS, map_fn=map_fn)
    for position, mutation in enumerate(OBJECTIVES.values()):
        with tf.GradientTape() as tape:
            tape.watch(parent.trainable)
            samples, _ = apply_network(pair.generator, parent, noise())
            loss = value_of(mutation, apply_network(pair.discriminator, state, samples)[0])
        plain = tape.gradient(loss, parent.trainable)
        for ours, theirs in zip(gradients, plain, strict=True):
            largest = float(tf.reduce_max(tf.abs(theirs)))
            np.testing.assert_allclose(ours[position], theirs, rtol=1e-5, atol=1e-5 * largest)


def joint(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
    """A loss of pairs of samples, which is not separable."""
    return batch_mean(tf.nn.softplus(fake_logits - real_logits))


@KINDS
@NORMALIZATIONS
@pytest.mark.parametrize("loss_function", [*DISCRIMINATOR_LOSSES.values(), joint], ids=[*DISCRIMINATOR_LOSSES, "joint"])
def test_an_evaluation_equals_one_tape_over_real_and_fake(
    kind: str, normalization: str, loss_function: DiscriminatorLoss
) -> None:
    pair = networks(kind, normalization)
    state, real = state_of(pair.discriminator), pair.generator(noise(7), training=True)
    fake = pair.generator(noise(8), training=True)
    ours = evaluator(pair.discriminator, loss_function, state, real)(fake, None)
    with tf.GradientTape() as tape:
        tape.watch(state.trainable)
        real_logits, after = apply_network(pair.discriminator, state, real)
        fake_logits, after = apply_network(pair.discriminator, after, fake)
        loss = loss_function(real_logits, fake_logits)
    np.testing.assert_allclose(ours.loss, loss, rtol=1e-6)
    assert_close(ours.gradient, tuple(tape.gradient(loss, state.trainable)))
    assert_close(ours.non_trainable, after.non_trainable)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_dense_individuals_are_vectorized(normalization: str) -> None:
    pair = networks("mlp", normalization)
    others = [keras.models.clone_model(pair.generator) for _ in range(2)]
    members = stack([state_of(network) for network in (pair.generator, *others)])
    state, real = state_of(pair.discriminator), noise(3, 2 * BATCH)[:, :2]
    evaluate = evaluator(pair.discriminator, logistic, state, real)

    def evaluated(member: Any) -> Any:
        fake, after = apply_network(pair.generator, member, noise())
        evaluation = evaluate(fake, None)
        return evaluation.quality, evaluation.diversity, evaluation.gradient, fake, after.non_trainable

    assert choose_map(*pair) is vectorized_map
    assert_close(vectorized_map(evaluated, members, 3), sequential_map(evaluated, members, 3), atol=1e-6)


def test_convolutions_are_not_vectorized() -> None:
    assert choose_map(*networks("dcgan", "none")) is sequential_map


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
NOT_VECTORIZED = {
    "clipnorm": lambda: keras.optimizers.Adam(1e-2, clipnorm=0.1),
    "global_clipnorm": lambda: keras.optimizers.SGD(1e-2, global_clipnorm=0.1),
    "adafactor": lambda: keras.optimizers.Adafactor(1e-2),
    "lamb": lambda: keras.optimizers.Lamb(1e-2),
}


@pytest.mark.parametrize("name", [*OPTIMIZERS, *NOT_VECTORIZED])
def test_individuals_step_together_as_they_would_alone(name: str) -> None:
    make = {**OPTIMIZERS, **NOT_VECTORIZED}[name]
    random = np.random.default_rng(0)
    shapes = [(3, 4), (4,)]
    weights = tuple(tf.constant(random.normal(size=(3, *shape)), tf.float32) for shape in shapes)
    gradients = [tuple(tf.constant(random.normal(size=(3, *shape)), tf.float32) for shape in shapes) for _ in range(3)]
    variables = [keras.Variable(np.zeros(shape, "float32"), name=f"w{i}") for i, shape in enumerate(shapes)]
    together = StatelessOptimizer(make(), variables)
    assert vectorizes(make(), variables) == (name in OPTIMIZERS)
    slots = tuple(map(tf.constant, together.initial_slots(weights)))
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
        # FTRL's slots are sums of hundreds that cancel: rounding, which differs between processors, is theirs.
        largest = max([1.0, *(float(np.max(np.abs(value))) for value in own)])
        assert_close(take(slots, position), own, atol=TOLERANCE["atol"] * largest)


def test_merge_keeps_the_order() -> None:
    assert merge(tf.constant([[1, 2, 3], [4, 5, 6]])).numpy().tolist() == [1, 2, 3, 4, 5, 6]
