"""The losses of the discriminator, Fq under each of them, and a plain Keras loop beside them with penalties."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.choices import choices_of
from egan_tf.evolution.losses import DISCRIMINATOR_LOSSES, quality_of
from egan_tf.evolution.objectives import OBJECTIVES, needs_level
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.networks import build_discriminator, build_generator
from tests.evolution.plain_loop import train_plainly

REAL, FAKE = np.array([[-1.5], [0.2], [0.9], [3.0]]), np.array([[-4.0], [-0.3], [1.0], [2.5]])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


BOTH = np.concatenate([REAL, FAKE])
VALUES = {
    "logistic": -np.mean(np.log(sigmoid(REAL))) - np.mean(np.log(1 - sigmoid(FAKE))),
    "hinge": np.mean(np.maximum(0, 1 - REAL)) + np.mean(np.maximum(0, 1 + FAKE)),
    "wasserstein": np.mean(FAKE) - np.mean(REAL),
    "relativistic": -np.mean(np.log(sigmoid(REAL - FAKE))),
}
QUALITIES = {
    "logistic": np.mean(sigmoid(FAKE)),
    "hinge": np.mean(sigmoid(2 * FAKE)),
    "wasserstein": sigmoid((np.mean(FAKE) - np.mean(REAL)) / np.std(BOTH)),
    "relativistic": np.mean(sigmoid(FAKE - REAL)),
}
LOSSES = pytest.mark.parametrize("name", DISCRIMINATOR_LOSSES)


def quality(name: str, real: np.ndarray, fake: np.ndarray) -> float:
    found = quality_of(DISCRIMINATOR_LOSSES[name])(tf.constant(real, tf.float32), tf.constant(fake, tf.float32))
    return float(found)


@LOSSES
def test_values(name: str) -> None:
    loss = DISCRIMINATOR_LOSSES[name](tf.constant(REAL, tf.float32), tf.constant(FAKE, tf.float32))
    np.testing.assert_allclose(loss, VALUES[name], rtol=1e-6)
    np.testing.assert_allclose(quality(name, REAL, FAKE), QUALITIES[name], rtol=1e-6)


@LOSSES
def test_quality_is_a_half_where_the_discriminator_cannot_tell(name: str) -> None:
    at = REAL if name in ("wasserstein", "relativistic") else np.zeros_like(REAL)
    assert quality(name, at, at) == pytest.approx(0.5, abs=1e-6)


@LOSSES
def test_quality_rises_with_the_logits_and_stays_in_its_range(name: str) -> None:
    found = [quality(name, REAL, FAKE + shift) for shift in (-50.0, -5.0, -1.0, -0.1, 0.0, 0.1, 1.0, 5.0)]
    assert all(0 <= one <= 1 for one in found)
    assert all(low < high or (low == high == 0.0) for low, high in itertools.pairwise(found))


@pytest.mark.parametrize("name", ["wasserstein", "relativistic"])
def test_without_a_level_an_offset_changes_nothing(name: str) -> None:
    assert not DISCRIMINATOR_LOSSES[name].has_level
    assert quality(name, REAL + 7, FAKE + 7) == pytest.approx(quality(name, REAL, FAKE), rel=1e-5)


def test_quality_of_a_critic_does_not_depend_on_its_scale() -> None:
    expected = quality("wasserstein", REAL, FAKE)
    assert all(quality("wasserstein", s * REAL, s * FAKE) == pytest.approx(expected, rel=1e-5) for s in (1e-3, 30.0))
    constant = np.ones_like(REAL)
    assert quality("wasserstein", constant, constant) == 0.5
    assert quality("wasserstein", constant, -constant) == pytest.approx(sigmoid(np.array(-2.0)))


def test_the_own_loss_of_a_user_has_the_papers_quality() -> None:
    found = quality_of(lambda real, fake: tf.reduce_mean(fake))(tf.constant(REAL), tf.constant(FAKE))
    np.testing.assert_allclose(found, QUALITIES["logistic"])


@pytest.mark.parametrize("objective", OBJECTIVES)
@LOSSES
def test_objectives_go_with_losses_that_give_them_a_meaning(name: str, objective: str) -> None:
    settings = EvolutionSettings(discriminator_loss=name, mutations=(objective,), gradient_penalty_weight=1.0)
    if DISCRIMINATOR_LOSSES[name].has_level or not needs_level(OBJECTIVES[objective]):
        choices_of(settings)
    else:
        with pytest.raises(InputError, match=f"^mutations: {objective} compares logits .* {name} only"):
            choices_of(settings)


def test_parameters_do_not_hide_what_an_objective_needs() -> None:
    with pytest.raises(InputError, match="^mutations: least_squares"):
        pair(discriminator_loss="relativistic", mutations=("relativistic", "least_squares(target=0.9)"))


@pytest.mark.parametrize("penalty", ["gradient_penalty_weight", "r1_weight", "r2_weight"])
def test_wasserstein_needs_a_penalty(penalty: str) -> None:
    with pytest.raises(InputError, match="^discriminator_loss: wasserstein needs a penalty"):
        pair(discriminator_loss="wasserstein", mutations=("wasserstein",))
    pair(discriminator_loss="wasserstein", mutations=("wasserstein",), **{penalty: 0.1})


def pair(**settings: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    generator, discriminator = build_generator("mlp", (2,), 3, 8), build_discriminator("mlp", (2,), 8)
    egan = EGAN(generator, discriminator, **{"mutations": ("heuristic",), **settings})
    egan.compile(keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05), jit_compile=False)
    return egan


PLAIN: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "logistic": lambda real, fake: tf.reduce_mean(tf.math.log1p(tf.exp(-real)) + tf.math.log1p(tf.exp(fake))),
    "hinge": lambda real, fake: tf.reduce_mean(tf.maximum(0.0, 1 - real)) + tf.reduce_mean(tf.maximum(0.0, 1 + fake)),
    "wasserstein": lambda real, fake: tf.reduce_mean(fake - real),
    "relativistic": lambda real, fake: -tf.reduce_mean(tf.math.log_sigmoid(real - fake)),
}
OBJECTIVE: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "heuristic": lambda fake, real: -0.5 * tf.reduce_mean(tf.math.log_sigmoid(fake)),
    "hinge": lambda fake, real: -tf.reduce_mean(fake),
    "wasserstein": lambda fake, real: -tf.reduce_mean(fake),
    "relativistic": lambda fake, real: -tf.reduce_mean(tf.math.log_sigmoid(fake - real)),
}
RUNS = [
    ("logistic", "heuristic", {"r1_weight": 0.3, "r2_weight": 0.2}),
    ("logistic", "relativistic", {"r1_weight": 0.3, "penalty_every": 3}),
    ("hinge", "hinge", {}),
    ("hinge", "hinge", {"r2_weight": 0.5, "penalty_every": 2}),
    ("wasserstein", "wasserstein", {"r1_weight": 0.3, "r2_weight": 0.3}),
    ("relativistic", "relativistic", {"r1_weight": 0.3, "r2_weight": 0.3}),
    ("relativistic", "relativistic", {"r1_weight": 0.3, "r2_weight": 0.3, "penalty_every": 2}),
]


CASES = [
    pytest.param(*run, reuse, marks=[] if (number, reuse) in ((3, False), (4, True), (6, True)) else pytest.mark.slow)
    for number, run in enumerate(RUNS)
    for reuse in (True, False)
]


@pytest.mark.parametrize(("loss", "objective", "penalties", "reuse"), CASES)
def test_training_equals_a_plain_loop(loss: str, objective: str, penalties: dict[str, float], reuse: bool) -> None:
    batch, generations = 8, 5
    egan = pair(
        discriminator_loss=loss,
        mutations=(objective,),
        reuse_evaluation_batch=reuse,
        evaluation_size=batch,
        **penalties,
    )
    generator, discriminator = (keras.models.clone_model(one) for one in (egan.generator, egan.discriminator))
    generator.set_weights(egan.generator.get_weights())
    discriminator.set_weights(egan.discriminator.get_weights())
    taken = egan.samples_per_generation(batch)
    samples = np.random.default_rng(0).normal(size=(generations * taken, 2)).astype("float32")

    def penalty(number: int, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        every, total = int(penalties.get("penalty_every", 1)), tf.constant(0.0)
        for weight, where in ((penalties.get("r1_weight", 0.0), real), (penalties.get("r2_weight", 0.0), fake)):
            with tf.GradientTape() as tape:
                tape.watch(where)
                logits = tf.reduce_sum(discriminator(where, training=True))
            norms = tf.reduce_sum(tape.gradient(logits, where) ** 2, axis=1)
            total += 0.5 * weight * tf.reduce_mean(norms)
        return every * total if number % every == 0 else 0.0 * total

    egan.fit(samples, batch_size=batch, shuffle=False, verbose=0)
    optimizers = keras.optimizers.SGD(0.05), keras.optimizers.SGD(0.05)
    words = {"objective": OBJECTIVE[objective], "loss": PLAIN[loss], "penalty": penalty if penalties else None}
    train_plainly(egan, generator, discriminator, optimizers, samples, generations, batch, **words)
    for ours, plain in ((egan.generator, generator), (egan.discriminator, discriminator)):
        for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
