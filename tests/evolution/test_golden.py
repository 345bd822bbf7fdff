"""Parity with the authors' implementation, through the functions that `EGAN` uses."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES, diversity, quality
from egan_tf.evolution.evaluation import evaluator
from egan_tf.evolution.individual import Individual
from egan_tf.evolution.lineage import Lineage, initial_lineage
from egan_tf.evolution.losses import logistic
from egan_tf.evolution.map_functions import sequential_map
from egan_tf.evolution.mutation import ObjectiveMutation, objective_gradients
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.stacking import stack, take
from egan_tf.evolution.stateless import apply_network, state_of
from egan_tf.evolution.variation import Networks, VariationContext

GOLDEN = Path(__file__).parents[1] / "fixtures" / "golden"
# The paper's factor ½, which the authors' code omits.
FACTOR = {"minimax": 0.5, "heuristic": 0.5, "least_squares": 1.0, "least_squares_logit": 1.0}
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}

Golden = dict[str, np.ndarray]


@pytest.fixture(params=["egan_step_1.npz", "egan_step_2.npz"])
def golden(request: pytest.FixtureRequest) -> Golden:
    with np.load(GOLDEN / request.param, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def layers(values: Golden, prefix: str) -> list[np.ndarray]:
    return [values[f"{prefix}/{layer}/{part}"] for layer in range(3) for part in ("kernel", "bias")]


def network(values: Golden, prefix: str) -> keras.Model:
    weights = layers(values, prefix)
    model = keras.Sequential([keras.Input((weights[0].shape[0],))])
    for layer in range(3):
        model.add(keras.layers.Dense(weights[2 * layer].shape[1], activation="relu" if layer < 2 else None))
    model.set_weights(weights)
    return model


def test_gradients(golden: Golden) -> None:
    generator, discriminator = network(golden, "generator"), network(golden, "discriminator")
    gradients, _ = objective_gradients(
        Networks(generator, discriminator),
        state_of(generator),
        state_of(discriminator),
        tf.constant(golden["z"]),
        [OBJECTIVES[name] for name in FACTOR],
    )
    for position, name in enumerate(FACTOR):
        for ours, theirs in zip(gradients, layers(golden, f"{name}/grad"), strict=True):
            np.testing.assert_allclose(ours[position], FACTOR[name] * theirs, **TOLERANCE)


@pytest.mark.parametrize("names", [[name] for name in FACTOR] + [["minimax", "heuristic"]], ids="+".join)
def test_children_and_their_fitness(golden: Golden, names: list[str]) -> None:
    generator, discriminator = network(golden, "generator"), network(golden, "discriminator")
    # Adam divides by the gradient's magnitude, so the factor ½ changes the child only through epsilon.
    # PyTorch adds epsilon after the bias correction, Keras before: at the first step they differ by √(1 − β₂).
    epsilon = 1e-8 * FACTOR[names[0]] * np.sqrt(1 - 0.999)
    adam = keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=epsilon)
    optimizer = StatelessOptimizer(adam, generator.trainable_variables)
    state, real = state_of(discriminator), tf.constant(golden["real_eval"])
    context = VariationContext(
        Networks(generator, discriminator),
        optimizer,
        state,
        noise=lambda _: tf.constant(golden["z"]),
        real=tf.constant(golden["real"]),
        labels=None,
        steps=1,
        map_fn=sequential_map,
        siblings=None,
    )
    parent = stack([state_of(generator)])
    slots = tuple(map(tf.constant, optimizer.initial_slots(parent.trainable)))
    lineage = Lineage(*map(tf.constant, initial_lineage(1, len(names))))
    parents = Individual(parent, slots, lineage.origin)
    children = ObjectiveMutation({name: OBJECTIVES[name] for name in names})(context, parents)
    evaluate = evaluator(discriminator, logistic, state, real)
    for position, name in enumerate(names):
        child = take(children.network, position)
        for ours, theirs in zip(child.trainable, layers(golden, f"{name}/child_generator"), strict=True):
            np.testing.assert_allclose(ours, theirs, **TOLERANCE)
        fake, _ = apply_network(generator, child, tf.constant(golden["z_eval"]))
        evaluation = evaluate(fake, None)
        np.testing.assert_allclose(evaluation.quality, golden[f"{name}/quality"], **TOLERANCE)
        np.testing.assert_allclose(evaluation.diversity, golden[f"{name}/diversity"], **TOLERANCE)
        np.testing.assert_allclose(quality(discriminator(fake)), golden[f"{name}/quality"], **TOLERANCE)
        np.testing.assert_allclose(diversity(discriminator, real, fake), golden[f"{name}/diversity"], **TOLERANCE)


def test_logits(golden: Golden) -> None:
    discriminator = network(golden, "discriminator")
    fake = network(golden, "generator")(golden["z"])
    np.testing.assert_allclose(discriminator(fake), golden["fake_logits"], **TOLERANCE)
    np.testing.assert_allclose(discriminator(golden["real"]), golden["real_logits"], **TOLERANCE)
