"""Variation operators: origins of children, the user's own operators, objectives that take real logits."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.individual import Individual, Origin
from egan_tf.evolution.quality import batch_mean
from egan_tf.evolution.stacking import repeat
from egan_tf.evolution.variation import VariationContext
from tests.evolution.networks import PAIRS

BATCH = 8
SOON = ["points", pytest.param("images", marks=pytest.mark.slow)]


class Average:
    """Makes one child whose weights are the mean of the two fittest siblings'."""

    names = ("average",)

    def count(self, population_size: int) -> int:
        return 1

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        assert context.siblings is not None
        born, fitness = context.siblings.individuals, context.siblings.evaluations.scores.fitness
        pair = tf.math.top_k(fitness, 2).indices

        def mean(stacked: tf.Tensor) -> tf.Tensor:
            two = tf.gather(stacked, pair)
            return tf.reduce_mean(two, axis=0, keepdims=True) if two.dtype.is_floating else two[:1]

        network, slots = tf.nest.map_structure(mean, (born.network, born.slots))
        first_parents = tf.gather(born.origin.parents[:, 0], pair)
        return Individual(network, slots, Origin(first_parents[None], tf.zeros([1], tf.int64)))


class Copy:
    """Copies the parents: children that are exactly as fit as they would be unchanged."""

    names = ("copy",)

    def count(self, population_size: int) -> int:
        return population_size

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        size = parents.origin.operator.shape[0]
        origin = Origin(tf.stack([tf.range(size), tf.fill([size], -1)], axis=1), tf.zeros([size], tf.int64))
        return repeat(parents, 1)._replace(origin=tf.nest.map_structure(lambda t: tf.cast(t, tf.int64), origin))


def make(pair: str = "points", **settings: Any) -> EGAN:
    keras.utils.set_random_seed(3)
    egan = EGAN(*PAIRS[pair](), **settings)
    egan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2), jit_compile=settings.pop("jit", False))
    return egan


def evolve(egan: EGAN, generations: int = 1) -> None:
    for generation in range(generations):
        count = egan.samples_per_generation(BATCH)
        x = np.tanh(np.random.default_rng(generation).normal(size=(count, *egan.sample_shape))).astype("float32")
        egan.train_on_batch(x)


def test_children_of_mutation_come_parent_by_parent() -> None:
    egan = make(population_size=2)
    evolve(egan)
    origins = egan.population.children_origins
    assert origins.parents.numpy().tolist() == [[parent, -1] for parent in (0, 0, 0, 1, 1, 1)]
    assert origins.operator.numpy().tolist() == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("pair", SOON)
def test_an_operator_with_two_parents_takes_part_in_selection(pair: str) -> None:
    # With this fitness the child of two parents is always the fittest, as the only one whose weights are a mean.
    egan = make(pair, population_size=2, operators=("mutation", Average()))
    assert egan.operator_names == ("minimax", "heuristic", "least_squares", "average")
    chosen = 0
    for generation in range(1, 7):
        evolve(egan)
        population = egan.population
        origins, scores = population.children_origins, population.children_scores.fitness.numpy()
        assert origins.operator.numpy().tolist() == [0, 1, 2, 0, 1, 2, 3]
        assert np.isfinite(scores).all()
        best = np.argsort(-scores, kind="stable")[:2]
        lineage = population.lineage
        np.testing.assert_array_equal(lineage.operator, origins.operator.numpy()[best])
        np.testing.assert_array_equal(lineage.parents, origins.parents.numpy()[best])
        assert population.selection_counts.numpy().sum() == 2 * generation
        assert (lineage.ancestry.numpy().sum(axis=1) == generation).all()
        chosen += int((lineage.operator.numpy() == 3).sum())
        for rank in np.flatnonzero(lineage.operator.numpy() == 3):
            assert (lineage.parents.numpy()[rank] >= 0).all()
    assert chosen, "an average of the fittest siblings was selected at least once"


def test_an_operator_may_stand_alone() -> None:
    egan = make(operators=(Copy(),))
    before = [value.numpy() for value in egan.population.individuals.network.trainable]
    evolve(egan, 2)
    for old, new in zip(before, egan.population.individuals.network.trainable, strict=True):
        np.testing.assert_array_equal(old, new)
    assert egan.population.selection_counts.numpy().tolist() == [2]


@pytest.mark.parametrize(
    ("operators", "says"),
    [
        (("mutatoin",), "did you mean 'mutation'"),
        ((lambda: None,), "must be names or variation operators"),
        ((Average,), "must be names or variation operators"),
        (("mutation", "mutation"), "twice"),
        ((Copy(), Copy()), "twice"),
        ((), "at least one"),
    ],
)
def test_operators_that_are_refused(operators: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make(operators=operators)


def relative(fake_logits: tf.Tensor, real_logits: tf.Tensor) -> tf.Tensor:
    return batch_mean(tf.nn.softplus(real_logits - fake_logits))


@pytest.mark.parametrize("pair", SOON)
def test_an_objective_may_take_real_logits(pair: str) -> None:
    """With an offset of the real logits instead of the logits, the gradient is that of the heuristic objective."""

    def offset(fake_logits: tf.Tensor, real_logits: tf.Tensor) -> tf.Tensor:
        return 0.5 * batch_mean(tf.nn.softplus(-fake_logits)) + batch_mean(real_logits)

    ours, plain = make(pair, mutations=(offset,)), make(pair, mutations=("heuristic",))
    evolve(ours, 2), evolve(plain, 2)
    for a, b in zip(ours.population.weights_stack.read(), plain.population.weights_stack.read(), strict=True):
        np.testing.assert_array_equal(a, b)
    paired = make(pair, mutations=("heuristic", relative))
    evolve(paired, 2)
    assert np.isfinite(paired.population.children_scores.fitness).all()


def test_a_loss_of_the_user_trains_and_scores() -> None:
    def hinge(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return batch_mean(tf.nn.relu(1.0 - real_logits)) + batch_mean(tf.nn.relu(1.0 + fake_logits))

    for reuse in (True, False):
        egan = make(mutations=("heuristic",), discriminator_loss=hinge, reuse_evaluation_batch=reuse)
        logs = egan.train_on_batch(np.zeros([egan.samples_per_generation(BATCH), 2], "float32"), return_dict=True)
        # At the start all logits are near 0, where the hinge loss is 2 and the logistic one 2 ln 2 = 1.39.
        assert logs["discriminator_loss"] == pytest.approx(2.0, abs=0.2)
