"""Crossover beside plain Keras, and the fitness by paired samples in closed form."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, FITNESSES, InputError
from egan_tf.evolution.crossover import Crossover
from egan_tf.evolution.evaluation import Evaluation
from egan_tf.evolution.noise import MUTATION
from egan_tf.evolution.optimizer import StatelessOptimizer
from egan_tf.evolution.stateless import apply_discriminator
from egan_tf.utils import randomness
from tests.evolution.networks import PAIRS
from tests.evolution.test_operators import BATCH, Copy, evolve, make

OPERATORS = ("mutation", "crossover")


CASES = [("points", 3), *(pytest.param("images", steps, marks=pytest.mark.slow) for steps in (1, 3))]


@pytest.mark.parametrize(("pair", "steps"), CASES)
def test_the_child_takes_plain_steps_towards_the_better_samples(pair: str, steps: int) -> None:
    """The whole generation is run with fitness = −F of all but crossover, so that its child is known by its weights."""
    keras.utils.set_random_seed(3)
    names = ("heuristic", "minimax")
    egan = EGAN(*PAIRS[pair](), mutations=names, operators=OPERATORS, crossover_steps=steps, population_size=3)
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=False)
    start = [egan.individual(rank, averaged=False) for rank in range(3)]
    discriminator = keras.models.clone_model(egan.discriminator)
    discriminator.set_weights(egan.discriminator.get_weights())
    evolve(egan)

    def noise(number: int) -> tf.Tensor:
        return egan.latent.sample(BATCH, randomness.stream(0, tf.constant(0, tf.int64), MUTATION, number))

    def stepped(network: keras.Model, optimizer: Any, loss: Any) -> None:
        with tf.GradientTape() as tape:
            value = loss()
        optimizer.apply(tape.gradient(value, network.trainable_variables), network.trainable_variables)

    def judged(samples: tf.Tensor) -> tf.Tensor:
        copy = keras.models.clone_model(discriminator)
        copy.set_weights(discriminator.get_weights())
        return copy(samples, training=True)

    children, optimizers = [], []
    for parent in start:
        for sign in (-1.0, 1.0):
            child = keras.models.clone_model(parent)
            child.set_weights(parent.get_weights())
            optimizers.append(keras.optimizers.Adam(1e-2))
            optimizers[-1].build(child.trainable_variables)

            def objective(child: keras.Model = child, sign: float = sign) -> tf.Tensor:
                return sign * 0.5 * tf.reduce_mean(tf.math.log_sigmoid(-sign * judged(child(noise(0), training=True))))

            stepped(child, optimizers[-1], objective)
            children.append(child)
    fitness = egan.population.children_scores.fitness.numpy()
    best, second = np.argsort(-fitness[:-1], kind="stable")[:2]
    origins = egan.population.children_origins
    assert origins.operator.numpy().tolist() == [0, 1] * 3 + [2]
    assert origins.parents.numpy()[-1].tolist() == [best // 2, second // 2]

    made = keras.models.clone_model(children[best])
    made.set_weights(children[best].get_weights())
    adam = keras.optimizers.Adam(1e-2)
    adam.build(made.trainable_variables)
    for new, old in zip(adam.variables, optimizers[best].variables, strict=True):
        new.assign(old)
    for step in range(steps):
        teachers = []
        for one in (best, second):
            copy = keras.models.clone_model(children[one])
            copy.set_weights(children[one].get_weights())
            teachers.append(copy(noise(1 + step), training=True))
        better = np.asarray(judged(teachers[0]) >= judged(teachers[1])).reshape([-1] + [1] * (teachers[0].ndim - 1))
        target = np.where(better, *teachers)
        stepped(made, adam, lambda: tf.reduce_mean((made(noise(1 + step), training=True) - target) ** 2))  # noqa: B023

    survivors = [egan.individual(rank, averaged=False) for rank in range(3)]
    ranks = np.argsort(-fitness, kind="stable")[:3].tolist()
    assert 6 in ranks, "the child of crossover survives here"
    for ours, plain in zip(survivors[ranks.index(6)].get_weights(), made.get_weights(), strict=True):
        np.testing.assert_allclose(ours, plain, rtol=0, atol=2e-5)


def test_it_needs_two_children() -> None:
    for settings in ({"operators": ("crossover", "mutation")}, {"operators": OPERATORS, "mutations": ("heuristic",)}):
        with pytest.raises(InputError, match="^operators: crossover needs 2 children of operators before it"):
            make(**settings)


def test_it_goes_with_operators_of_the_user() -> None:
    egan = make(operators=(Copy(), "mutation", "crossover"))
    evolve(egan, 2)
    assert egan.operator_names[-1] == "crossover"
    assert np.isfinite(egan.population.children_scores.fitness).all()


@pytest.mark.slow
def test_a_failed_child_is_no_teacher() -> None:
    def explodes(fake_logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(fake_logits) * float("inf")

    egan = make(mutations=("heuristic", "minimax", {"bad": explodes}), operators=OPERATORS)
    evolve(egan, 2)
    fitness = egan.population.children_scores.fitness.numpy()
    assert not np.isfinite(fitness[2]) and np.isfinite(fitness[[0, 1, 3]]).all()


def test_of_two_children_a_failed_one_is_no_teacher() -> None:
    def explodes(fake_logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(fake_logits) * float("inf")

    egan = make(mutations=("heuristic", {"bad": explodes}), operators=OPERATORS)
    evolve(egan, 2)
    fitness = egan.population.children_scores.fitness.numpy()
    assert not np.isfinite(fitness[1]) and np.isfinite(fitness[[0, 2]]).all()


def test_its_steps_are_no_steps_of_a_schedule() -> None:
    rate = keras.optimizers.schedules.PolynomialDecay(1e-2, 10, 1e-4)
    egan = EGAN(*PAIRS["points"](), mutations=("heuristic", "minimax"), operators=OPERATORS, crossover_steps=2)
    egan.compile(keras.optimizers.Adam(rate), keras.optimizers.Adam(1e-2), jit_compile=False)
    evolve(egan, 6)
    assert egan.population.selection_counts.numpy()[2] > 0, "the child of crossover survives here"
    steps = [slot.numpy().tolist() for slot in egan.population.individuals.slots if slot.dtype == "int64"]
    assert steps == [[6]]


def test_an_optimizer_that_accumulates_gradients_is_refused() -> None:
    """The step of its child would only be accumulated."""
    egan = EGAN(*PAIRS["points"](), mutations=("heuristic", "minimax"), operators=OPERATORS)
    for optimizer in (keras.optimizers.SGD(0.1, gradient_accumulation_steps=2),):
        with pytest.raises(InputError, match="^generator_optimizer: gradient_accumulation_steps does not go with"):
            egan.compile(keras.optimizers.LossScaleOptimizer(optimizer))
        with pytest.raises(InputError, match="^generator_optimizer: gradient_accumulation_steps does not go with"):
            egan.compile(optimizer)
    egan.compile("sgd", keras.optimizers.SGD(0.1, gradient_accumulation_steps=2))


def test_the_step_count_of_accumulated_gradients_is_known() -> None:
    network = PAIRS["points"]()[0]
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
    stateless = StatelessOptimizer(optimizer, network.trainable_variables)
    slots = tuple(map(tf.constant, stateless.initial_slots([weight[None] for weight in network.trainable_variables])))
    after = stateless.with_step_counts(tuple(slot + 1 for slot in slots), slots)
    kept = [bool(np.array_equal(one, other)) for one, other in zip(after, slots, strict=True)]
    assert kept == [slot.dtype == tf.int64 for slot in slots] and sum(kept) == 1


def test_the_discriminator_judges_augmented_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in every other place; the child learns from samples that are not augmented."""
    from egan_tf.evolution import crossover

    seen: list[tuple[tf.Tensor, tf.Tensor]] = []

    def judged(*args: Any) -> Any:
        seen.append(args[2])
        return apply_discriminator(*args)

    monkeypatch.setattr(crossover, "apply_discriminator", judged)
    egan = EGAN(*PAIRS["images"](), mutations=("heuristic", "minimax"), operators=OPERATORS, augmentations=("cutout",))
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=False, run_eagerly=True)
    evolve(egan)
    assert len(seen) == 2
    cut = [np.abs(samples.numpy()).max(axis=-1) == 0 for samples in seen]
    assert all(one.any(axis=(1, 2)).all() for one in cut)
    np.testing.assert_array_equal(*cut)


@pytest.mark.parametrize("steps", [0, -1, "2", 1.5, True])
def test_steps_are_whole_numbers(steps: Any) -> None:
    with pytest.raises(InputError, match="^crossover_steps: must be a whole number of at least 1"):
        Crossover(steps)


def test_the_diversity_of_paired_samples() -> None:
    fake = np.array([[1.0, 2.0], [0.0, 0.0], [3.0, -1.0], [0.5, 0.5], [9.0, 9.0]], "float32")
    nothing = tf.zeros([5, 1])
    evaluation = Evaluation(nothing, tf.constant(fake), nothing, nothing, (), nothing[0, 0], tf.constant(0.25), ())
    expected = 0.25 + 0.1 * np.mean([[2.0, 3.0], [0.5, 0.5]])
    np.testing.assert_allclose(FITNESSES["pairwise"](evaluation, 0.1), expected, rtol=1e-6)
