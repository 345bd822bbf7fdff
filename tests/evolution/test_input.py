"""Invalid arguments of `EGAN` and `fit`, and the kinds of data that `fit` takes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.utils import randomness
from tests.evolution.networks import IMAGE, LATENT, images, points

POINTS = np.random.default_rng(0).normal(size=(100, 2)).astype("float32")
IMAGES = np.random.default_rng(0).uniform(-1, 1, size=(100, *IMAGE)).astype("float32")


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        ("population_size", 0, "at least 1"),
        ("population_size", 1.5, "whole number"),
        ("population_size", True, "whole number"),
        ("gamma", float("nan"), "finite"),
        ("gamma", "much", "finite"),
        ("evaluation_size", 0, "at least 1"),
        ("discriminator_steps", 0, "at least 1"),
        ("mutation_steps", -1, "at least 1"),
        ("latent_distribution", "gaussian", "normal, uniform"),
        ("fitness", "best", "balanced, diversity, egan, logit, pairwise, quality"),
        ("mutations", ("heuristik",), "did you mean 'heuristic'"),
        ("mutations", (), "sequence of names"),
        ("mutations", "minimax", "sequence of names"),
        ("mutations", ("minimax", "minimax"), "twice"),
        ("r1_weight", -1.0, "at least 0"),
        ("gradient_penalty_weight", float("inf"), "finite"),
        ("ema_decay", 1.0, "below 1"),
        ("seed", -1, "at least 0"),
        ("seed", 2**63, "at most 9223372036854775807"),
    ],
)
def test_an_impossible_argument_is_named(argument: str, value: Any, says: str) -> None:
    with pytest.raises(InputError) as error:
        EGAN(*points(), **{argument: value})
    message = str(error.value)
    assert message.startswith(f"{argument}: ")
    assert says in message
    assert "\n" not in message


def discriminator_with(inputs: tuple[int, ...], outputs: int) -> keras.Model:
    return keras.Sequential([keras.Input(inputs), keras.layers.Flatten(), keras.layers.Dense(outputs)])


@pytest.mark.parametrize(
    ("field", "networks"),
    [
        ("generator", lambda: ("dcgan", points()[1])),
        ("generator", lambda: (keras.Sequential([keras.layers.Dense(2)]), points()[1])),
        ("generator", lambda: (images()[1], points()[1])),
        ("discriminator", lambda: (images()[0], points()[1])),
        ("discriminator", lambda: (points()[0], discriminator_with((2,), 3))),
    ],
)
def test_networks_that_do_not_fit_are_named(field: str, networks: Any) -> None:
    with pytest.raises(InputError, match=f"^{field}: "):
        EGAN(*networks())


def test_an_initial_population_of_equal_individuals_is_refused() -> None:
    seeded = keras.initializers.RandomNormal(seed=1)
    generator = keras.Sequential([keras.Input((LATENT,)), keras.layers.Dense(2, kernel_initializer=seeded)])
    with pytest.raises(InputError, match="fixed seeds"):
        EGAN(generator, points()[1], population_size=2)


def test_one_optimizer_for_two_networks_is_refused() -> None:
    adam = keras.optimizers.Adam()
    with pytest.raises(InputError, match="^discriminator_optimizer: "):
        EGAN(*points()).compile(adam, adam)


def compiled(pair: Any, **settings: Any) -> EGAN:
    egan = EGAN(*pair(), **{"mutations": ("heuristic",), "evaluation_size": 8, "discriminator_steps": 2, **settings})
    egan.compile()
    return egan


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (IMAGES * 127.5 + 127.5, r"scale them to \[-1, 1\]"),
        ((IMAGES * 127.5 + 127.5).astype("int32"), "floating-point"),
        (IMAGES[:, :4], "but the discriminator takes"),
        (np.where(IMAGES > 0.9, np.nan, IMAGES), "not finite"),
        (IMAGES[:0], "no samples"),
        (IMAGES[:20], "a generation takes 40"),
        ("digits", "floating-point"),
        (tf.data.Dataset.from_tensor_slices(IMAGES * 2).batch(16), r"scale them to \[-1, 1\]"),
        (tf.data.Dataset.from_tensor_slices(IMAGES).take(0), "empty"),
        (tf.data.Dataset.from_tensor_slices({"image": IMAGES}), "must yield samples"),
    ],
)
def test_data_that_cannot_be_trained_on_is_refused_before_training(data: Any, says: str) -> None:
    egan = compiled(images)
    with pytest.raises(InputError, match=says):
        egan.fit(data, batch_size=32, verbose=0)
    assert egan.generation.numpy() == 0


def test_a_batch_smaller_than_the_population_is_refused() -> None:
    with pytest.raises(InputError, match="^batch_size: "):
        compiled(points, population_size=3).fit(POINTS, batch_size=2, verbose=0)


def test_noise_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"^noise: must be \[batch, 6\], got \(3, 5\)"):
        compiled(points).sample(np.zeros((3, 5)))


def test_labels_must_be_as_many_as_samples() -> None:
    with pytest.raises(InputError, match="^y: "):
        compiled(points).fit(POINTS, np.zeros(99), verbose=0)


def sample_fn(step: tf.Tensor, count: int) -> tf.Tensor:
    return randomness.normal([count, 2], randomness.stream(0, step))


@pytest.mark.parametrize(
    ("data", "arguments", "generations"),
    [
        # test_data_kinds and test_data_training have all kinds.
        (POINTS.astype("float64"), {"batch_size": 12, "epochs": 2}, 10),
        (tf.data.Dataset.from_tensor_slices((POINTS, np.zeros(100))).batch(30), {"batch_size": 10, "epochs": 2}, 10),
        (sample_fn, {"batch_size": 10, "steps_per_epoch": 4}, 4),
    ],
    ids=["float64 epochs", "labels", "function"],
)
def test_data_that_can_be_trained_on(data: Any, arguments: dict[str, int], generations: int) -> None:
    egan = compiled(points)
    before = egan.generator.get_weights()[0]
    history = egan.fit(data, verbose=0, **arguments)
    assert egan.generation.numpy() == generations
    assert not np.array_equal(before, egan.generator.get_weights()[0])
    assert {"operator", "quality", "diversity", "fitness", "discriminator_loss", "discriminator_gradient_norm"} <= set(
        history.history
    )


def test_the_end_of_the_data_leaves_no_partial_generation() -> None:
    egan = compiled(points)
    egan.fit(tf.data.Dataset.from_tensor_slices(POINTS).batch(10), verbose=0)
    best = egan.population.individuals.network.trainable
    for ours, stacked in zip(egan.generator.get_weights(), best, strict=True):
        np.testing.assert_array_equal(ours, stacked[0])


@pytest.mark.parametrize("optimizer", ["sgd", "AdamW"])
def test_optimizers_by_name(optimizer: str) -> None:
    egan = EGAN(*points(), mutations=("heuristic",), evaluation_size=8, population_size=2)
    egan.compile(optimizer, optimizer)
    egan.fit(POINTS, batch_size=20, verbose=0)
    assert np.isfinite(egan.population.scores.fitness).all()


def test_functions_serve_as_mutation_and_fitness() -> None:
    def hinge(fake_logits: tf.Tensor) -> tf.Tensor:
        return -tf.reduce_mean(fake_logits)

    def nearness(evaluation: Any, gamma: float) -> tf.Tensor:
        return -gamma * tf.norm(tf.reduce_mean(evaluation.fake, 0) - tf.reduce_mean(evaluation.real, 0))

    egan = compiled(points, mutations=("heuristic", hinge), fitness=nearness, gamma=2.0)
    egan.fit(POINTS, batch_size=20, verbose=0)
    assert egan.operator_names == ("heuristic", "hinge")
    scores = egan.population.children_scores
    assert (scores.fitness.numpy() < 0).all()
    assert scores.fitness[0] != scores.fitness[1]


def test_several_generations_per_call_are_the_same_generations() -> None:
    results = []
    for steps_per_execution, jit_compile in ((1, False), (4, False), (4, True)):
        keras.utils.set_random_seed(2)
        egan = EGAN(*points(), mutations=("heuristic",), evaluation_size=8)
        egan.compile(steps_per_execution=steps_per_execution, jit_compile=jit_compile)
        history = egan.fit(sample_fn, batch_size=10, steps_per_epoch=8, verbose=0)
        assert egan.generation.numpy() == 8
        results.append([*egan.generator.get_weights(), history.history["fitness"][-1]])
    for one, several, compiled in zip(*results, strict=True):
        np.testing.assert_array_equal(one, several)
        np.testing.assert_allclose(one, compiled, rtol=1e-4, atol=1e-6)


def test_xla_is_chosen_where_it_pays() -> None:
    gpu = bool(tf.config.list_logical_devices("GPU"))
    for pair, data, chosen in ((points, sample_fn, True), (points, POINTS, gpu), (images, IMAGES, gpu)):
        egan = EGAN(*pair(), mutations=("heuristic",), evaluation_size=8)
        egan.compile()
        egan.fit(data, batch_size=10, steps_per_epoch=1, verbose=0)
        assert egan.jit_compile == chosen


def test_mixed_bfloat16_keeps_weights_and_fitness_in_float32() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        egan = compiled(images)
        egan.fit(IMAGES, batch_size=20, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    assert {w.dtype for w in egan.population.individuals.network.trainable} == {tf.float32}
    assert egan.population.scores.fitness.dtype == tf.float32
    assert np.isfinite(egan.population.children_scores.diversity).all()
