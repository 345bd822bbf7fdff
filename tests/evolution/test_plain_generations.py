"""Generations without a tournament: a plain two-player step of each line, at the same noise and real samples."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, OBJECTIVES
from egan_tf.evolution.objectives import batch_mean
from egan_tf.evolution.stacking import take
from egan_tf.utils import randomness
from tests.evolution import kinds, plain_loop
from tests.evolution.networks import PAIRS, POINT
from tests.evolution.reference import PlainEvolution, copy_of
from tests.evolution.test_continuing import networks as smallest

BATCH = 10
NEVER = "every:1000"
MUTATIONS = ("heuristic", "minimax", "least_squares")
FRESH_ALONE = pytest.param(1, False, marks=pytest.mark.slow)


def adam() -> keras.optimizers.Optimizer:
    # A large epsilon, so that a gradient of rounding errors does not become a full step.
    return keras.optimizers.Adam(1e-2, 0.5, epsilon=1e-6)


def made(pair: str = "smallest", jit_compile: bool = False, steps: int = 1, **settings: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    egan = EGAN(
        *{**PAIRS, "smallest": smallest}[pair](),
        **{"mutations": MUTATIONS, "gamma": 0.05, "tournaments": NEVER, "seed": 5, **settings},
    )
    egan.compile(adam(), adam(), jit_compile=jit_compile, steps_per_execution=steps)
    return egan


def draw(egan: EGAN) -> Callable[[tf.Tensor, int], tf.Tensor]:
    return samples_of(egan.sample_shape)


@functools.cache
def samples_of(shape: tuple[int, ...]) -> Callable[[tf.Tensor, int], tf.Tensor]:
    """The same function each time, so that a model compiles its generation once."""
    return lambda step, count: tf.tanh(randomness.normal([count, *shape], randomness.stream(7, step)))


def evolve(egan: EGAN, generations: int) -> None:
    egan.fit(draw(egan), batch_size=BATCH, steps_per_epoch=generations, verbose=0)


def samples(egan: EGAN, generations: int) -> np.ndarray:
    size = egan.samples_per_generation(BATCH)
    return np.concatenate([draw(egan)(tf.constant(step, tf.int64), size) for step in range(generations)])


def values(egan: EGAN) -> list[np.ndarray]:
    population = egan.population
    tensors = tf.nest.flatten([population.individuals, population.averages, population.schedule])
    return [np.asarray(v) for v in [*tensors, *egan.discriminator.variables, *egan.discriminator_optimizer.variables]]


def counted(egan: EGAN) -> dict[str, int]:
    every = {**egan.population.tournaments._asdict(), **egan.population.failures._asdict()}
    return {name: int(value) for name, value in every.items() if int(value)}


@pytest.mark.parametrize(
    ("pair", "settings"),
    [
        ("smallest", {}),
        ("smallest", {"reuse_evaluation_batch": False}),
        ("images", {}),
        pytest.param("images", {"reuse_evaluation_batch": False}, marks=pytest.mark.slow),
    ],
    ids=["reused", "fresh", "images reused", "images fresh"],
)
def test_it_equals_a_plain_keras_loop(pair: str, settings: dict[str, Any]) -> None:
    egan = made(pair, **settings)
    generator, discriminator = copy_of(egan.generator), copy_of(egan.discriminator)
    optimizers = adam(), adam()
    optimizers[0].build(generator.trainable_variables), optimizers[1].build(discriminator.trainable_variables)
    evolve(egan, 3)
    plain_loop.train_plainly(egan, generator, discriminator, optimizers, samples(egan, 3), 3, BATCH)
    for ours, plain in zip((egan.generator, egan.discriminator), (generator, discriminator), strict=True):
        for a, b in zip(ours.variables, plain.variables, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)
    assert counted(egan) == {}
    assert egan.population.selection_counts.numpy().tolist() == [3, 0, 0]
    assert egan.population.decided_counts.numpy().tolist() == [0, 0, 0]
    assert egan.population.lineage.ancestry.numpy().tolist() == [[3, 0, 0]]


def one_by_one(evolution: PlainEvolution, step: int, real: np.ndarray) -> None:
    """A generation without a tournament of several lines, in a loop over individuals, each by its own optimizer."""
    settings, count = evolution.egan.settings, len(evolution.population)
    for position, one in enumerate(evolution.population):
        number = max(one.made_by[1], 0)
        for mutation_step in range(settings.mutation_steps):
            evolution.mutate(one, settings.mutations[number], evolution.noise(step, BATCH, 0, mutation_step))
        one.made_by = (position, number)
    # The evaluation noise (stream 1), divided among the lines, if that batch is reused; otherwise the discriminator's.
    stream = 1 if settings.reuse_evaluation_batch else 2
    for position, number in enumerate(range(settings.discriminator_steps)):
        start = position * BATCH + (0 if settings.reuse_evaluation_batch else BATCH)
        evolution.train_discriminator(real[start : start + BATCH], evolution.noise(step, BATCH, stream, number))
        stream = 2
    assert count == settings.population_size


@pytest.mark.parametrize(
    "settings",
    [
        {"reuse_evaluation_batch": True, "discriminator_steps": 2},
        {"reuse_evaluation_batch": False, "mutation_steps": 2},
    ],
    ids=["reused", "fresh, several steps"],
)
def test_two_lines_grow_by_their_own_objectives_and_keep_their_places(settings: dict[str, Any]) -> None:
    egan = made(population_size=2, evaluation_size=BATCH, **settings)
    own = [2, 1]
    egan.population.lineage_stack.members[2].assign(own)
    plain = PlainEvolution(egan)
    for one, number in zip(plain.population, own, strict=True):
        one.made_by = (0, number)
    evolve(egan, 2)
    size = egan.samples_per_generation(BATCH)
    for step, block in enumerate(samples(egan, 2).reshape(2, size, *POINT)):
        one_by_one(plain, step, block)
    for position, expected in enumerate(plain.population):
        ours = take(egan.population.individuals, position)
        for a, b in zip(ours.network.trainable, expected.model.trainable_variables, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-6)
    for a, b in zip(egan.discriminator.variables, plain.discriminator.variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-6)
    assert egan.population.lineage.operator.numpy().tolist() == own
    assert egan.population.lineage.parent.numpy().tolist() == [0, 1]


@pytest.mark.parametrize(("population_size", "reuse"), [(2, True), FRESH_ALONE], ids=["reused", "fresh"])
def test_every_generation_with_a_tournament_is_always(population_size: int, reuse: bool) -> None:
    """Bit for bit where no children are tied, as heuristic and least-squares ones are: the branch changes nothing."""
    settings = {"population_size": population_size, "reuse_evaluation_batch": reuse, "mutations": MUTATIONS[:2]}
    first, second = made(tournaments="always", **settings), made(tournaments="every:1", **settings)
    evolve(first, 3), evolve(second, 3)
    parts = [
        [*tf.nest.flatten(egan.population.individuals), *egan.population.scores, *egan.discriminator.variables]
        for egan in (first, second)
    ]
    for a, b in zip(*parts, strict=True):
        np.testing.assert_array_equal(a, b)
    assert counted(first) == counted(second)
    assert counted(second)["tournaments"] == 3


LOSSES: dict[str, dict[str, Any]] = {
    "penalties": {"r1_weight": 0.1, "r2_weight": 0.1, "gradient_penalty_weight": 0.1, "lecam_weight": 0.1},
    "lazy penalty": {"r1_weight": 0.1, "penalty_every": 2},
    "relativistic": {"discriminator_loss": "relativistic", "mutations": ("relativistic", "hinge")},
    "wasserstein": {"discriminator_loss": "wasserstein", "mutations": ("wasserstein",), "gradient_penalty_weight": 1.0},
    "mixed objectives": {"mutations": ("hinge", "relativistic", "minimax")},
}


SLOW = ("wasserstein", "mixed objectives")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in LOSSES]
)
def test_the_only_child_is_the_tournaments_child_by_that_objective(name: str) -> None:
    """A tournament of one objective, and a plain generation, are the same generation of one line, up to rounding."""
    settings = {"ema_decay": 0.9, "discriminator_steps": 2, **LOSSES[name]}
    alone = {**settings, "mutations": settings.get("mutations", MUTATIONS)[:1], "tournaments": "always"}
    first, second = made(**alone), made(**settings)
    evolve(first, 2), evolve(second, 2)
    for egan in (first, second):
        assert egan.population.selection_counts.numpy()[0] == 2
    parts = [
        [*tf.nest.flatten(egan.population.individuals[:2]), *egan.population.averages, *egan.discriminator.variables]
        for egan in (first, second)
    ]
    for a, b in zip(*parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_conditional_networks_get_the_labels() -> None:
    x, labels = kinds.samples(64), np.arange(64) % 4
    egans = [
        kinds.model(conditional=True, population_size=1, mutations=mutations, tournaments=tournaments)
        for mutations, tournaments in ((("heuristic",), "always"), (("heuristic", "minimax"), NEVER))
    ]
    for egan in egans:
        egan.fit(x, labels, batch_size=8, verbose=0)
        assert egan.generation.numpy() == 4
    for a, b in zip(*(egan.generator.variables + egan.discriminator.variables for egan in egans), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "tournaments", ["auto:backoff", *(pytest.param(rule, marks=pytest.mark.slow) for rule in ("every:3", "auto:angle"))]
)
def test_several_generations_in_one_program(tournaments: str) -> None:
    settings = {"tournaments": tournaments, "population_size": 2, "ema_decay": 0.9}
    first, second = made(**settings), made(steps=4, **settings)
    evolve(first, 8), evolve(second, 8)
    for a, b in zip(values(first), values(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert counted(first) == counted(second)
    assert 0 < counted(first)["tournaments"] < 8 or tournaments == "auto:angle"


@pytest.mark.parametrize("tournaments", ["every:2", pytest.param("auto", marks=pytest.mark.slow)])
def test_compiled_by_xla_agrees_with_uncompiled(tournaments: str) -> None:
    settings = {"mutations": ("heuristic", "least_squares"), "tournaments": tournaments, "ema_decay": 0.9}
    plain, compiled = made(**settings), made(jit_compile=True, **settings)
    evolve(plain, 3), evolve(compiled, 3)
    for a, b in zip(values(plain), values(compiled), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=2e-4)
    assert counted(plain)["tournaments"] == counted(compiled)["tournaments"]


@pytest.mark.parametrize("reuse", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["reused", "fresh"])
def test_a_child_that_is_not_finite_leaves_its_parent_and_calls_a_tournament(reuse: bool) -> None:
    broken = tf.Variable(False)

    def objective(logits: tf.Tensor) -> tf.Tensor:
        return batch_mean(logits) * tf.where(broken, np.nan, -0.5)

    egan = made(mutations=(objective, "heuristic"), tournaments="auto:backoff", reuse_evaluation_batch=reuse)
    evolve(egan, 4)
    assert int(egan.population.schedule.remaining) == 2, "after tournaments in generations 0 and 2"
    egan.population.lineage_stack.members[2].assign([0])
    broken.assign(True)
    weights = [value.numpy() for value in egan.population.individuals.network.trainable]
    before = counted(egan)
    evolve(egan, 1)
    for a, b in zip(weights, egan.population.individuals.network.trainable, strict=True):
        np.testing.assert_array_equal(a, b)
    more = {"rejected_children": 1, "stagnant_generations": 1, "stagnant_in_a_row": 1}
    assert counted(egan) == before | more
    assert int(egan.population.schedule.remaining) == 0
    evolve(egan, 1)
    assert egan.population.lineage.operator.numpy().tolist() == [1]
    assert counted(egan)["tournaments"] == before["tournaments"] + 1
    assert "stagnant_in_a_row" not in counted(egan)
    assert all(np.isfinite(variable.numpy()).all() for variable in egan.discriminator.variables)


def test_one_broken_child_of_two_leaves_its_parent_in_its_place() -> None:
    broken = {"heuristic": OBJECTIVES["heuristic"], "broken": lambda logits: batch_mean(logits) * np.nan}
    egan = made(population_size=2, ema_decay=0.5, mutations=broken)
    egan.population.lineage_stack.members[2].assign([0, 1])
    before = [value.numpy() for value in egan.population.individuals.network.trainable]
    evolve(egan, 2)
    assert counted(egan) == {"rejected_children": 2}
    lineage = egan.population.lineage
    assert lineage.parent.numpy().tolist() == [0, 1]
    assert lineage.operator.numpy().tolist() == [0, 1]
    assert lineage.ancestry.numpy().tolist() == [[2, 0], [0, 0]]
    for old, new in zip(before, egan.population.individuals.network.trainable, strict=True):
        assert not np.array_equal(old[0], new[0])
        np.testing.assert_array_equal(old[1], new[1])


def test_scores_are_those_of_the_last_tournament() -> None:
    egan = made(tournaments="every:3")
    evolve(egan, 2)
    assert np.isnan(egan.population.scores.fitness).all()
    assert np.isnan(float(egan.population.quality_error))
    evolve(egan, 1)
    scores = egan.population.children_scores.fitness.numpy()
    assert np.isfinite(scores).all()
    history = egan.fit(draw(egan), batch_size=BATCH, steps_per_epoch=2, verbose=0).history
    np.testing.assert_array_equal(egan.population.children_scores.fitness, scores)
    assert history["tournament"] == [0.0]
    assert history["fitness_spread"] == [pytest.approx(np.ptp(scores))]
    assert history["quality_error"][0] > 0
    history = egan.fit(draw(egan), batch_size=BATCH, steps_per_epoch=1, verbose=0).history
    assert history["tournament"] == [1.0]


def test_ties_are_counted_by_always_and_keep_the_objective_otherwise() -> None:
    """Objectives that are one function make one child."""
    twins = {f"twin {i}": lambda logits: 0.5 * batch_mean(tf.nn.softplus(-logits)) for i in range(3)}
    always, every = made(mutations=twins, tournaments="always"), made(mutations=twins, tournaments="every:1")
    for egan in (always, every):
        egan.population.lineage_stack.members[2].assign([2])
        evolve(egan, 3)
        assert counted(egan) == {"tournaments": 3}
        assert egan.population.decided_counts.numpy().tolist() == [0, 0, 0]
    assert every.population.selection_counts.numpy().tolist() == [0, 0, 3]
    assert always.population.selection_counts.numpy().sum() == 3
