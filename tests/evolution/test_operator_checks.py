"""Variation operators that say or make something else than they must are refused before training, in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from egan_tf.evolution.individual import Individual, Origin
from egan_tf.evolution.mutation import ObjectiveMutation
from egan_tf.evolution.stacking import repeat
from egan_tf.evolution.variation import VariationContext
from tests.evolution.test_function_checks import BATCH, REAL, made, one_line

Function = Callable[..., Any]


class Copy:
    """Makes one copy of each parent; the cases below change what it says or makes."""

    names: Any = ("copy",)

    def count(self, population_size: int) -> Any:
        return population_size

    def __call__(self, context: VariationContext, parents: Individual) -> Any:
        size = parents.origin.operator.shape[0]
        first = tf.range(size, dtype=tf.int64)
        origin = Origin(tf.stack([first, -tf.ones_like(first)], axis=1), tf.zeros([size], tf.int64))
        return self.change(repeat(parents, 1)._replace(origin=origin))

    def change(self, children: Individual) -> Any:
        return children


def says(**attributes: Any) -> Any:
    return type("Mine", (Copy,), attributes)()


def makes(change: Function) -> Any:
    return says(change=lambda self, children: change(children))


def weights(children: Individual, change: Function) -> Individual:
    network = children.network
    return children._replace(network=network._replace(trainable=tuple(map(change, network.trainable))))


def with_parents(children: Individual, parents: tf.Tensor) -> Individual:
    return children._replace(origin=children.origin._replace(parents=parents))


WRONG_OPERATORS = {
    "names are text": says(names="copy"),
    "names are no text": says(names=(1,)),
    "no names": says(names=()),
    "an empty name": says(names=("",)),
    "names is none": says(names=None),
    "count 0": says(count=lambda self, size: 0),
    "count -1": says(count=lambda self, size: -1),
    "count none": says(count=lambda self, size: None),
    "count fraction": says(count=lambda self, size: 1.0),
    "count boolean": says(count=lambda self, size: True),
    "count takes nothing": says(count=lambda self: 1),
    "more than said": says(count=lambda self, size: 1),
    "fewer than said": says(count=lambda self, size: 3),
    "nothing": makes(lambda children: None),
    "tuple": makes(tuple),
    "origin missing": makes(lambda children: children._replace(origin=None)),
    "origin of int32": makes(
        lambda children: children._replace(origin=Origin(*(tf.cast(part, tf.int32) for part in children.origin)))
    ),
    "one parent each": makes(
        lambda children: children._replace(origin=children.origin._replace(parents=children.origin.parents[:, 0]))
    ),
    "no operator": makes(lambda children: children._replace(origin=children.origin._replace(operator=None))),
    "weights of one": makes(lambda children: weights(children, lambda value: value[0])),
    "weights transposed": makes(
        lambda children: weights(children, lambda value: tf.transpose(value, [0, *range(value.shape.rank - 1, 0, -1)]))
    ),
    "weights in float64": makes(lambda children: weights(children, lambda value: tf.cast(value, tf.float64))),
    "weights of numbers": makes(lambda children: weights(children, lambda value: 0.0)),
    "a weight less": makes(
        lambda children: children._replace(network=children.network._replace(trainable=children.network.trainable[:1]))
    ),
    "no slots": makes(lambda children: children._replace(slots=())),
    "a parent that there is not": makes(
        lambda children: with_parents(children, tf.constant([[0, -1], [2, -1]], tf.int64))
    ),
    "a second parent that there is not": makes(
        lambda children: with_parents(children, tf.constant([[0, -1], [1, -2]], tf.int64))
    ),
    "raises": makes(lambda children: 1 / 0),
    "no arguments": says(__call__=lambda self: None),
}
DATA = {
    "dataset": lambda egan: egan.fit(tf.data.Dataset.from_tensor_slices(REAL).batch(BATCH), verbose=0),
    "function": lambda egan: egan.fit(
        lambda step, count: tf.constant(REAL), batch_size=BATCH, steps_per_epoch=1, verbose=0
    ),
}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("case", WRONG_OPERATORS)
def test_an_operator_that_says_or_makes_something_else_is_refused_before_training(case: str, data: str) -> None:
    operator = WRONG_OPERATORS[case]
    said = one_line(lambda: DATA[data](made(operators=("mutation", operator), population_size=2)))
    assert said.startswith("operators: Mine")


def test_an_operator_as_described_trains() -> None:
    egan = made(operators=("mutation", Copy()), population_size=2)
    for train in DATA.values():
        train(egan)
    assert int(egan.generation.numpy()) == 2


@pytest.mark.parametrize("operators", [("mutation",), ()])
def test_children_of_parents_that_there_are_not_are_rejected(operators: tuple[str, ...]) -> None:
    """Where only the values say so, and with a GPU's gather, which gives zeros."""
    one = tf.Variable(1, dtype=tf.int64)

    def strangers(children: Individual) -> Individual:
        return with_parents(children, children.origin.parents + tf.stack([one, 0])[None])

    egan = made(operators=(*operators, makes(strangers)), population_size=2)
    for train in DATA.values():
        train(egan)
    assert int(egan.population.failures.rejected_children) == 2
    assert (egan.population.children_origins.parents.numpy() < 2).all()


def test_fewer_children_than_survivors_are_refused() -> None:
    operator = says(count=lambda self, size: 1)
    assert one_line(lambda: made(operators=(operator,), population_size=2)) == (
        "operators: make 1 children of 2 parents; at least as many must be made"
    )


def test_objectives_of_an_operator_of_ones_own_are_checked() -> None:
    operator = ObjectiveMutation({"mine": lambda logits: logits})
    assert one_line(lambda: made(operators=(operator,))).startswith("mutations: mine gives one for each sample")
