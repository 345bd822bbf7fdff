"""Optimizer slots per objective: as one Keras optimizer for each objective, in the authors' order."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.burn_in import during_burn_in
from egan_tf.evolution.objective_slots import inherited_slots, initial_objective_slots, slots_of, with_slots
from egan_tf.training.adam import BurnInAdam
from egan_tf.training.build import build
from egan_tf.training.config import Config
from tests.evolution.networks import points
from tests.evolution.reference import PlainEvolution, PlainIndividual, copy_of
from tests.evolution.test_plain_generations import BATCH, MUTATIONS, adam, evolve, made, samples


def test_slots_of_one_objective() -> None:
    slots = (tf.reshape(tf.range(12), [2, 3, 2]), tf.reshape(tf.range(6), [2, 3]))
    chosen = tf.constant([2, 0], tf.int64)
    found = slots_of(slots, chosen)
    assert [one.numpy().tolist() for one in found] == [[[4, 5], [6, 7]], [2, 3]]
    replaced = with_slots(slots, chosen, (-found[0], -found[1]))
    assert replaced[0].numpy().tolist() == [[[0, 1], [2, 3], [-4, -5]], [[-6, -7], [8, 9], [10, 11]]]
    assert replaced[1].numpy().tolist() == [[0, 1, -2], [-3, 4, 5]]


def test_survivors_take_their_parents_line_and_broken_children_change_nothing() -> None:
    before, children = (tf.reshape(tf.range(6), [2, 3]),), (10 + tf.range(6),)
    finite = tf.constant([True, True, False, True, True, True])
    (found,) = inherited_slots(before, children, finite, tf.constant([1, 1, 0], tf.int64))
    assert found.numpy().tolist() == [[13, 14, 15], [13, 14, 15], [10, 11, 2]]


def test_they_start_alike() -> None:
    (slots,) = initial_objective_slots([np.arange(4.0).reshape(2, 2)], 3)
    assert slots.shape == (2, 3, 2)
    assert (slots == np.arange(4.0).reshape(2, 1, 2)).all()


def test_a_count_of_the_line_is_that_of_all_its_objectives() -> None:
    slots = (tf.constant([[5, 6, 7]]), tf.constant([[1, 1, 1]]))
    found = with_slots(slots, tf.constant([2], tf.int64), (tf.constant([8]), tf.constant([2])), counts_line=True)
    assert [one.numpy().tolist() for one in found] == [[[5, 6, 8]], [[2, 2, 2]]]
    children = tf.constant([6, 7, 8]), tf.constant([2, 2, 2])
    finite, line = tf.constant([True, False, True]), tf.constant([0], tf.int64)
    found = inherited_slots(slots, children, finite, line, counts_line=True)
    assert [one.numpy().tolist() for one in found] == [[[6, 6, 8]], [[2, 2, 2]]]


BURN_IN: dict[str, Any] = {"initial_beta_2": 0.5, "burn_in": 4}
RATES = keras.optimizers.schedules.ExponentialDecay(1e-2, 3, 0.5)
OPTIMIZERS = {
    "constant": adam,
    "schedule": lambda: keras.optimizers.Adam(RATES, 0.5, epsilon=1e-6),
    "burn-in of beta_2": lambda: BurnInAdam(1e-2, 0.5, epsilon=1e-6, **BURN_IN),
}


@pytest.mark.parametrize(("tournaments", "kind"), [("always", "constant"), *(("every:3", kind) for kind in OPTIMIZERS)])
def test_an_optimizer_for_each_objective(tournaments: str, kind: str) -> None:
    egan = made(slots="objective", tournaments=tournaments, evaluation_size=BATCH)
    plain = PlainEvolution(egan)
    egan.compile(OPTIMIZERS[kind](), adam())
    children = [PlainIndividual(copy_of(egan.generator), adam()) for _ in MUTATIONS]
    for child in children:
        child.optimizer.build(child.model.trainable_variables)
    generations, best = 6, 0
    evolve(egan, generations)
    for step, real in enumerate(samples(egan, generations).reshape(generations, BATCH, 2)):
        parent = plain.population[0].model.get_weights()
        held = tournaments == "always" or step % 3 == 2
        for number, name in enumerate(MUTATIONS):
            if held or number == best:
                children[number].model.set_weights(parent)
                if kind == "schedule":
                    children[number].optimizer.learning_rate = RATES(step)
                if kind == "burn-in of beta_2":
                    children[number].optimizer.beta_2 = float(during_burn_in(0.5, 0.999, step, 4))
                plain.mutate(children[number], name, plain.noise(step, BATCH, 0))
        if held:
            scores = [plain.score(child, plain.noise(step, BATCH, 1), real)[2] for child in children]
            best = int(np.argmax(scores))
        plain.population = [children[best]]
        plain.train_discriminator(real, plain.noise(step, BATCH, 1))
    assert egan.population.lineage.operator.numpy().tolist() == [best]
    weights = egan.population.individuals.network.trainable
    for a, b in zip(weights, children[best].model.trainable_variables, strict=True):
        np.testing.assert_allclose(a[0], b.numpy(), rtol=1e-4, atol=1e-6)
    for number, child in enumerate(children):
        slots = [variable for variable in child.optimizer.variables if variable.name != "learning_rate"]
        own, of_line = egan.population.individuals.slots[: len(slots)], egan.population.individuals.slots[len(slots) :]
        for a, b in zip(own, slots, strict=True):
            np.testing.assert_allclose(a[0, number], b.numpy(), rtol=1e-3, atol=1e-7)
        assert [count[0, number] for count in of_line] == ([] if tournaments == "always" else [generations])


def test_several_steps_and_lines() -> None:
    egan = made(slots="objective", tournaments="every:2", population_size=2, mutation_steps=2)
    evolve(egan, 4)
    count = egan.population.individuals.slots[0]
    assert count.shape == (2, len(MUTATIONS))
    # Two tournaments of two steps, and two generations of the own objective alone, of two steps each.
    assert count.numpy().sum(axis=1).tolist() == [2 * 2 * len(MUTATIONS) + 2 * 2] * 2


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "use_ema": ({"use_ema": True}, "with use_ema"),
    "loss scaling": ({"loss_scale_factor": 8.0}, "with loss scaling"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_optimizers_whose_state_is_not_an_objectives_are_refused(name: str) -> None:
    options, says = REFUSED[name]
    egan = EGAN(*points(), slots="objective")
    with pytest.raises(InputError, match=f"^slots: objective .*{says}") as error:
        egan.compile(keras.optimizers.Adam(**options))
    assert "\n" not in str(error.value)


def test_every_rule_goes_with_a_run_whose_rate_falls() -> None:
    small = Config().replace(network={"width": 4})
    lineage = len(build(small, (8, 8, 1)).population.slots_stack.members)
    for rule in ("always", "auto", "bandit"):
        egan = build(small.replace(evolution={"slots": "objective", "tournaments": rule}), (8, 8, 1))
        assert len(egan.population.slots_stack.members) == lineage + (rule != "always")
