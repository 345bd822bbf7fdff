"""Non-finite numbers in each place: which individuals survive, which steps are skipped, and what is counted."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.objectives import batch_mean, heuristic
from egan_tf.evolution.stateless import state_of
from egan_tf.evolution.variation import DiscriminatorUpdate
from tests.evolution.networks import PAIRS

BATCH = 8


def no_gradient(logits: tf.Tensor) -> tf.Tensor:
    return batch_mean(logits) * np.nan


def huge_gradient(logits: tf.Tensor) -> tf.Tensor:
    """Finite, but its square is not: Adam's second moment overflows, and the weights do not change."""
    return batch_mean(logits) * 1e26


def make(pair: str, jit_compile: bool = False, **settings: Any) -> EGAN:
    keras.utils.set_random_seed(2)
    egan = EGAN(*PAIRS[pair](), **settings)
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=jit_compile)
    return egan


class Source:
    """Real samples, the first of which is NaN while `broken` is true."""

    def __init__(self, egan: EGAN) -> None:
        self.shape = egan.sample_shape
        self.broken = tf.Variable(False)

    def sample_fn(self, step: tf.Tensor, count: int) -> tf.Tensor:
        samples = tf.tanh(tf.random.stateless_normal([count, *self.shape], tf.stack([step, 7])))
        flat = tf.reshape(samples, [-1])
        first = tf.where(self.broken, np.nan, flat[0])
        return tf.reshape(tf.concat([first[None], flat[1:]], axis=0), samples.shape)


def evolve(egan: EGAN, generations: int, source: Source | None = None) -> None:
    sample_fn = (source or Source(egan)).sample_fn
    egan.fit(sample_fn, batch_size=BATCH, steps_per_epoch=generations, verbose=0)


def failures(egan: EGAN) -> dict[str, int]:
    return {name: int(value) for name, value in egan.population.failures._asdict().items() if int(value)}


def assert_finite(egan: EGAN) -> None:
    for variable in [*egan.variables, *egan.discriminator_optimizer.variables]:
        if "scores" not in variable.path and variable.dtype.startswith("float"):
            assert np.isfinite(variable.numpy()).all(), variable.path


@pytest.mark.parametrize(
    ("pair", "jit_compile"),
    [
        ("points", False),
        pytest.param("points", True, marks=pytest.mark.slow),
        pytest.param("images", False, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("objective", [no_gradient, huge_gradient])
def test_a_child_of_a_bad_gradient_never_survives(pair: str, objective: Any, jit_compile: bool) -> None:
    egan = make(pair, jit_compile, mutations=("heuristic", objective), population_size=2)
    evolve(egan, 3)
    assert egan.population.selection_counts.numpy().tolist() == [6, 0]
    assert failures(egan) == {"rejected_children": 6}
    assert_finite(egan)


def test_the_overflow_reaches_the_slots_alone() -> None:
    """The child of `huge_gradient` has finite weights and fitness, so that the test above depends on its slots."""
    egan = make("points", mutations=(heuristic, huge_gradient))
    evolve(egan, 1)
    assert np.isfinite(egan.population.children_scores.fitness).all()


@pytest.mark.parametrize("pair", ["points", pytest.param("images", marks=pytest.mark.slow)])
def test_no_child_of_a_broken_parent_survives(pair: str) -> None:
    egan = make(pair, population_size=2)
    kernel = egan.generator.trainable_variables[0]
    broken = kernel.numpy()
    broken.flat[0] = np.nan
    kernel.assign(broken)
    evolve(egan, 1)
    assert egan.population.lineage.parent.numpy().tolist() == [1, 1]
    assert failures(egan) == {"rejected_children": 3}
    assert_finite(egan)


def test_if_too_few_children_are_viable_the_fittest_parents_are_retained() -> None:
    egan = make("points", mutations=("heuristic",), population_size=2, ema_decay=0.5)
    source = Source(egan)
    evolve(egan, 2, source)
    kernel = egan.population.weights_stack.members[0]
    broken = kernel.numpy()
    broken[1].flat[0] = np.inf
    kernel.assign(broken)
    before = egan.population.lineage
    evolve(egan, 1, source)
    lineage = egan.population.lineage
    assert lineage.parent.numpy().tolist() == [0, 0], "parent 0's child, and parent 0 itself"
    assert lineage.ancestry.numpy()[:, 0].tolist() == [3, 2]
    assert lineage.root.numpy().tolist() == [before.root[0]] * 2
    assert egan.population.selection_counts.numpy().tolist() == [5]
    assert failures(egan) == {"rejected_children": 1}
    assert_finite(egan)


@pytest.mark.parametrize(
    ("reuse_evaluation_batch", "jit_compile", "pair"),
    [
        (True, False, "points"),
        (False, False, "points"),
        pytest.param(True, True, "points", marks=pytest.mark.slow),
        pytest.param(True, False, "images", marks=pytest.mark.slow),
    ],
)
def test_a_broken_real_batch_changes_nothing_but_the_counts(
    reuse_evaluation_batch: bool, jit_compile: bool, pair: str
) -> None:
    """A NaN among the real samples makes the gradient of D, and therefore the diversity of every child, NaN."""
    egan = make(pair, jit_compile, reuse_evaluation_batch=reuse_evaluation_batch, population_size=2)
    source = Source(egan)
    evolve(egan, 2, source)
    population = egan.population
    kept = [*tf.nest.flatten(population.individuals[:2]), *population.scores, population.selection_counts]
    kept += [variable.value for variable in egan.discriminator.variables]
    before = [np.asarray(tensor).copy() for tensor in kept]
    # The first real sample of a generation belongs to the evaluation batch.
    source.broken.assign(True)
    with pytest.raises(InputError, match="^x: holds 2 samples that are not finite, the first in generation 3$"):
        evolve(egan, 2, source)
    skipped = 2 if reuse_evaluation_batch else 0
    counted = {"rejected_children": 12, "stagnant_generations": 2, "stagnant_in_a_row": 2}
    assert failures(egan) == counted | ({"skipped_discriminator_steps": skipped} if skipped else {})
    now = [*tf.nest.flatten(population.individuals[:2]), *population.scores, population.selection_counts]
    for old, new in zip(before, now, strict=False):
        np.testing.assert_array_equal(old, new)
    if reuse_evaluation_batch:
        for old, variable in zip(before[len(now) :], egan.discriminator.variables, strict=True):
            np.testing.assert_array_equal(old, variable.numpy())
    source.broken.assign(False)
    evolve(egan, 1, source)
    assert int(population.failures.stagnant_in_a_row) == 0
    assert_finite(egan)


def test_a_broken_discriminator_step_is_skipped_and_selection_continues() -> None:
    """The quality of a child does not depend on the real batch: children are viable, the update of D is not."""
    egan = make("images", fitness="quality", discriminator_steps=2)
    source = Source(egan)
    source.broken.assign(True)
    with pytest.raises(InputError, match="^x: holds 1 sample that is not finite, the first in generation 1$"):
        evolve(egan, 1, source)
    assert failures(egan) == {"skipped_discriminator_steps": 1}, "the second step's batch is sound"
    assert egan.population.selection_counts.numpy().sum() == 1
    assert int(egan.discriminator_optimizer.iterations) == 1
    assert_finite(egan)


def test_a_fitness_that_is_never_finite_retains_the_parents() -> None:
    egan = make("points", fitness=lambda evaluation, gamma: evaluation.quality / 0.0, population_size=2)
    before = [np.asarray(tensor).copy() for tensor in tf.nest.flatten(egan.population.individuals[:2])]
    evolve(egan, 3)
    assert failures(egan)["stagnant_in_a_row"] == 3
    assert egan.population.selection_counts.numpy().sum() == 0
    for old, new in zip(before, tf.nest.flatten(egan.population.individuals[:2]), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.fixture(scope="module")
def picky() -> tuple[EGAN, Source, tf.Variable]:
    """A model that refuses about half of the children, its data, and the fitness that those get."""
    refusal = tf.Variable(np.nan, dtype=tf.float32)

    def fitness(evaluation: Any, gamma: float) -> tf.Tensor:
        del gamma
        odd = tf.math.floormod(tf.cast(1e5 * tf.abs(evaluation.quality), tf.int32), 2) == 1
        return tf.where(odd, refusal, evaluation.quality)

    egan = make("points", fitness=fitness, population_size=2)
    return egan, Source(egan), refusal


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_children_of_finite_fitness_survive_beside_others(bad: float, picky: tuple[EGAN, Source, tf.Variable]) -> None:
    egan, source, refusal = picky
    refusal.assign(bad)
    refused = []
    for _ in range(12):
        evolve(egan, 1, source)
        children = egan.population.children_scores.fitness.numpy()
        refused.append(int((~np.isfinite(children)).sum()))
        if refused[-1] < len(children):
            assert np.isfinite(egan.population.scores.fitness.numpy()).all()
    assert any(0 < count < 3 for count in refused), refused


def test_the_noise_differs_after_a_restart() -> None:
    first, second = (make("points", mutations=("heuristic",)) for _ in range(2))
    second.restarts.assign(1)
    evolve(first, 1), evolve(second, 1)
    one, other = (egan.population.individuals.network.trainable[0].numpy() for egan in (first, second))
    assert not np.array_equal(one, other)


def test_the_gradient_penalty_ignores_a_retained_parents_missing_samples() -> None:
    """With one viable child of two, the other survivor is a parent, whose place in the evaluation holds NaN samples."""
    egan = make("points", mutations=(no_gradient,), population_size=2, gradient_penalty_weight=1.0)
    noise = GenerationNoise(egan.latent, 0, tf.constant(0, tf.int64), tf.constant(0, tf.int64))
    training, state = egan.generation_functions().training, state_of(egan.discriminator)
    real = tf.zeros([BATCH, 2])
    fake = tf.stack([tf.ones([BATCH, 2]), tf.fill([BATCH, 2], np.nan)])
    zeros = [tf.zeros([2, *weight.shape]) for weight in egan.discriminator.trainable_variables]
    updates = DiscriminatorUpdate(tuple(zeros), (), tf.zeros([2]))
    update = training.reused_batch_update(noise, updates, fake, tf.constant([False, True]), state, (real, None))
    alone = training.reused_batch_update(
        noise, updates, tf.stack([fake[0], fake[0]]), tf.constant([False, False]), state, (real, None)
    )
    for one, other in zip(update.gradient, alone.gradient, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)
