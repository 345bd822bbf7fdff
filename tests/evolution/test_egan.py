"""A generation, compared with a plain implementation, with XLA, and with a second run of the same seed."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.batches import RealBatches, as_batches
from egan_tf.evolution.discriminator_update import one_survivor_per_sample
from egan_tf.evolution.evaluation import evaluator
from egan_tf.evolution.losses import logistic
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.stacking import repeat, take
from egan_tf.evolution.stateless import state_of
from tests.evolution.networks import LATENT, PAIRS
from tests.evolution.reference import PlainEvolution

BATCH = 10
TOLERANCE = {"rtol": 1e-4, "atol": 1e-6}


def real_samples(shape: tuple[int, ...], count: int) -> np.ndarray:
    return np.tanh(np.random.default_rng(7).normal(size=(count, *shape))).astype("float32")


def make(pair: str, **changes: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    jit = changes.pop("jit_compile", False)
    settings = {"population_size": 2, "evaluation_size": 12, "discriminator_steps": 2, "gamma": 0.05, "seed": 5}
    egan = EGAN(*PAIRS[pair](), **{**settings, **changes})
    adam = keras.optimizers.Adam
    # A large epsilon, so that a gradient of rounding errors does not become a full step.
    egan.compile(adam(1e-2, 0.5, epsilon=1e-6), adam(1e-2, 0.5, epsilon=1e-6), jit_compile=jit)
    return egan


def evolve(egan: EGAN, generations: int) -> np.ndarray:
    size = egan.samples_per_generation(BATCH)
    data = real_samples(egan.sample_shape, size * generations)
    dataset = tf.data.Dataset.from_tensor_slices(data).batch(size)
    egan.fit(dataset, batch_size=BATCH, verbose=0)
    return data.reshape(generations, size, *egan.sample_shape)


def values(egan: EGAN) -> list[np.ndarray]:
    tensors = tf.nest.flatten([egan.population.individuals, egan.population.averages, egan.population.lineage])
    return [np.asarray(v) for v in [*tensors, *egan.discriminator.variables, *egan.discriminator_optimizer.variables]]


FRESH, REUSED = {"reuse_evaluation_batch": False}, {"reuse_evaluation_batch": True}
ALONE: dict[str, Any] = {"population_size": 1, "mutations": ("heuristic",)}
TWO = {"mutations": ("heuristic", "minimax")}
SEVERAL_STEPS = {"mutation_steps": 2, "discriminator_steps": 1, **TWO}


@pytest.mark.parametrize(
    ("pair", "changes"),
    [
        ("points", FRESH | TWO),
        ("points", REUSED),
        ("points", SEVERAL_STEPS),
        ("images", REUSED | TWO),
        pytest.param("images", REUSED, marks=pytest.mark.slow),
        pytest.param("images", FRESH, marks=pytest.mark.slow),
        pytest.param("images", SEVERAL_STEPS | {"mutation_steps": 3}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_population_of_two_evolves_as_in_the_plain_implementation(pair: str, changes: dict[str, Any]) -> None:
    egan = make(pair, **changes)
    plain = PlainEvolution(egan)
    for step, block in enumerate(evolve(egan, generations := 2)):
        plain.generation(step, block, BATCH)
    assert egan.generation.numpy() == generations

    lineage, scores = egan.population.lineage, egan.population.scores
    for position, expected in enumerate(plain.population):
        assert (lineage.parent[position], lineage.operator[position]) == expected.made_by
        ours = take(egan.population.individuals, position)
        for a, b in zip(ours.network.trainable, expected.model.trainable_variables, strict=True):
            np.testing.assert_allclose(a, b.numpy(), **TOLERANCE)
        for a, b in zip(ours.network.non_trainable, expected.model.non_trainable_variables, strict=True):
            np.testing.assert_allclose(a, b.numpy(), **TOLERANCE)
        slots = [variable for variable in expected.optimizer.variables if variable.name != "learning_rate"]
        for a, b in zip(ours.slots, slots, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose([s[position] for s in scores], expected.scores, rtol=1e-4)
    for a, b in zip(egan.discriminator.variables, plain.discriminator.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), **TOLERANCE)


def test_the_two_survivors_are_not_always_siblings_or_always_first() -> None:
    """Makes sure that the test above would detect a wrong selection."""
    egan = make("points")
    chosen = set()
    for _ in range(6):
        evolve(egan, 1)
        lineage = egan.population.lineage
        chosen.add((*lineage.parent.numpy(), *lineage.operator.numpy()))
    assert len(chosen) > 1


@pytest.mark.parametrize(
    ("pair", "changes"),
    [
        ("points", {}),
        *(pytest.param("images", changes, marks=pytest.mark.slow) for changes in (ALONE, {})),
    ],
    ids=str,
)
def test_same_seed_same_run_bit_for_bit(pair: str, changes: dict[str, Any]) -> None:
    first, second = (make(pair, ema_decay=0.9, r1_weight=0.1, **changes) for _ in range(2))
    evolve(first, 3), evolve(second, 3)
    for a, b in zip(values(first), values(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_seed_is_another_run() -> None:
    first, second = make("points", **ALONE), make("points", seed=6, **ALONE)
    evolve(first, 1), evolve(second, 1)
    assert not np.array_equal(
        first.population.individuals.network.trainable[0], second.population.individuals.network.trainable[0]
    )


PENALIZED = {"mutation_steps": 2, "r1_weight": 0.1, "gradient_penalty_weight": 0.1, "ema_decay": 0.9}


@pytest.mark.parametrize(
    ("pair", "changes"),
    [
        ("points", {"r1_weight": 0.1}),
        pytest.param("images", ALONE, marks=pytest.mark.slow),
        # An XLA program of these takes 20 s and hundreds of megabytes, which are never freed.
        pytest.param("images", {}, marks=pytest.mark.slow),
        pytest.param("images", {"population_size": 1, **PENALIZED}, marks=pytest.mark.slow),
        pytest.param("points", {"population_size": 1, **PENALIZED}, marks=pytest.mark.slow),
    ],
    ids=["points with R1", "images alone", "images", "images penalized", "points penalized"],
)
def test_compiled_by_xla_agrees_with_uncompiled(pair: str, changes: dict[str, Any]) -> None:
    changes = {"mutations": ("heuristic", "least_squares"), **changes}
    plain, compiled = make(pair, **changes), make(pair, jit_compile=True, **changes)
    evolve(plain, 1), evolve(compiled, 1)
    for a, b in zip(values(plain), values(compiled), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("pair", PAIRS)
def test_evaluation_changes_no_variable(pair: str) -> None:
    egan = make(pair)
    block = real_samples(egan.sample_shape, egan.samples_per_generation(BATCH))
    batches = as_batches(tf.constant(block), egan.settings)
    assert isinstance(batches, RealBatches)
    everything = [*egan.variables, *egan.generator_optimizer.variables, *egan.discriminator_optimizer.variables]
    before = [variable.numpy() for variable in everything]
    parents = egan.population.individuals
    noise = GenerationNoise(egan.latent, 0, tf.constant(0, tf.int64), tf.constant(0, tf.int64))
    evaluate = evaluator(egan.discriminator, logistic, state_of(egan.discriminator), batches.evaluation)
    children = repeat(parents, len(egan.operator_names))
    evaluation = egan.generation_functions().evaluate(noise, parents, children, evaluate, batches)
    assert np.isfinite(evaluation.scores.fitness).all()
    for value, variable in zip(before, everything, strict=True):
        np.testing.assert_array_equal(value, variable.numpy())


def test_a_child_of_infinite_or_missing_fitness_does_not_survive() -> None:
    def broken(evaluation: Any, gamma: float) -> tf.Tensor:
        del gamma
        return evaluation.quality * np.nan

    egan = make("points", fitness=broken)
    before = egan.population.individuals.network.trainable[0].numpy()
    evolve(egan, 1)
    assert egan.generation.numpy() == 1 and egan.population.selection_counts.numpy().sum() == 0
    assert np.isnan(egan.population.children_scores.fitness.numpy()).all()
    np.testing.assert_array_equal(egan.population.individuals.network.trainable[0].numpy(), before)


def test_generator_and_best_generator_are_the_fittest_survivor() -> None:
    egan = make("images", mutations=("heuristic", "least_squares", "minimax"), gamma=0.0)
    evolve(egan, 2)
    assert egan.population.scores.fitness[0] >= egan.population.scores.fitness[1]
    fittest = take(egan.population.individuals.network, 0)
    last_child = 2 * len(egan.operator_names) - 1
    assert np.argmax(egan.population.children_scores.fitness) != last_child, "chosen so that the last child loses"
    best = egan.best_generator
    for model in (egan.generator, best):
        for value, variable in zip(fittest.trainable, model.trainable_variables, strict=True):
            np.testing.assert_array_equal(value, variable.numpy())
    noise = tf.random.stateless_normal([4, LATENT], [1, 2])
    np.testing.assert_allclose(best(noise, training=False), egan.sample(noise), atol=1e-6)
    before = best(noise, training=False).numpy()
    evolve(egan, 1)
    np.testing.assert_array_equal(before, best(noise, training=False))


def test_moving_average_follows_the_lineage_and_not_the_place() -> None:
    egan = make("points", ema_decay=0.5, mutations=("heuristic",), gamma=0.0)
    weights = [egan.population.individuals.network.trainable[0].numpy()]
    averages = weights[0]
    for step in range(4):
        evolve(egan, 1)
        parent = egan.population.lineage.parent.numpy()
        now = egan.population.individuals.network.trainable[0].numpy()
        decay = min(0.5, (1 + step) / (10 + step))
        averages = decay * averages[parent] + (1 - decay) * now
        np.testing.assert_allclose(egan.population.averages[0], averages, rtol=1e-5, atol=1e-7)


def test_lineage_counts_add_up() -> None:
    egan = make("points", population_size=3)
    for generation in range(1, 5):
        evolve(egan, 1)
        population = egan.population
        assert population.selection_counts.numpy().sum() == 3 * generation
        assert (population.lineage.ancestry.numpy().sum(axis=1) == generation).all()
        assert set(population.lineage.root.numpy()) <= {0, 1, 2}


@pytest.mark.slow
def test_conditional_networks_get_the_labels() -> None:
    from keras import layers

    noise, label = keras.Input((LATENT,)), keras.Input((), dtype="int32")
    hidden = layers.Concatenate()([noise, layers.Embedding(3, 4)(label)])
    generator = keras.Model([noise, label], layers.Dense(2)(layers.Dense(16, "relu")(hidden)))
    sample, label = keras.Input((2,)), keras.Input((), dtype="int32")
    hidden = layers.Concatenate()([sample, layers.Embedding(3, 4)(label)])
    discriminator = keras.Model([sample, label], layers.Dense(1)(layers.Dense(16, "relu")(hidden)))
    egan = EGAN(generator, discriminator, population_size=2, evaluation_size=12, mutations=("heuristic",))
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
    labels = np.random.default_rng(1).integers(0, 3, 2000).astype("int32")
    angles = labels * 2.1
    points = np.stack([np.cos(angles), np.sin(angles)], 1).astype("float32")
    egan.fit(points, labels, batch_size=20, epochs=15, verbose=0)
    made = egan.sample(tf.random.stateless_normal([300, LATENT], [3, 4]), tf.repeat(tf.range(3), 100)).numpy()
    centres = made.reshape(3, 100, 2).mean(axis=1)
    wanted = np.stack([np.cos(np.arange(3) * 2.1), np.sin(np.arange(3) * 2.1)], 1)
    assert np.argmin(np.linalg.norm(centres[:, None] - wanted[None], axis=2), axis=1).tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="^labels: must be given"):
        egan.sample(tf.zeros([1, LATENT]))
    with pytest.raises(InputError, match="^y: must hold labels"):
        egan.fit(points, batch_size=20, verbose=0)


def test_unconditional_networks_refuse_labels_when_sampling() -> None:
    with pytest.raises(InputError, match="^labels: must be given if, and only if"):
        make("points").sample(tf.zeros([1, LATENT]), tf.zeros([1], tf.int32))


@pytest.mark.parametrize(("size", "survivors"), [(4, 1), (7, 2), (3, 3)])
def test_samples_of_several_survivors_keep_their_places_and_so_their_labels(size: int, survivors: int) -> None:
    fake = tf.range(size)[None] + 100 * tf.range(survivors)[:, None]
    chosen = one_survivor_per_sample(fake).numpy()
    assert (chosen % 100).tolist() == list(range(size))
    assert set(chosen // 100) == set(range(survivors))


@pytest.mark.parametrize(("reads", "population_size"), [("sample", 1), ("individual", 2), ("fit", 1)])
def test_weights_that_are_set_on_the_generator_are_those_of_the_fittest(reads: str, population_size: int) -> None:
    egan = make("points", population_size=population_size, evaluation_size=None, mutations=("heuristic",))
    evolve(egan, 1)
    others = [egan.individual(rank).get_weights() for rank in range(1, population_size)]
    given = [2.0 * weight for weight in egan.generator.get_weights()]
    egan.generator.set_weights(given)
    size = egan.samples_per_generation(BATCH)
    data = real_samples(egan.sample_shape, size)
    noise = np.ones([3, egan.latent.size], "float32")
    if reads == "sample":
        np.testing.assert_array_equal(egan.sample(noise), egan.generator(noise))
    elif reads == "individual":
        np.testing.assert_array_equal(egan.individual(0)(noise), egan.generator(noise))
    else:
        egan.fit(data, batch_size=BATCH, epochs=1, verbose=0)
    # One step of the optimizer is far smaller than the change.
    moved = max(abs(a - b).max() for a, b in zip(egan.generator.get_weights(), given, strict=True))
    assert moved < 0.05 or population_size > 1
    if reads in ("sample", "individual"):
        for rank, before in enumerate(others, start=1):
            for ours, theirs in zip(egan.individual(rank).get_weights(), before, strict=True):
                np.testing.assert_array_equal(ours, theirs)
