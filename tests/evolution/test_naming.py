"""Choices by name, by name with parameters, and as functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES, InputError
from egan_tf.evolution.naming import resolve, resolve_all


def square(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(logits**2)


def cube(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(logits**3)


def scaled(logits: tf.Tensor, by: Any = 1.0) -> tf.Tensor:
    return tf.reduce_mean(logits * by)


class Scaled:
    """Whose comparison is nobody's business."""

    def __init__(self, by: float) -> None:
        self.by = by

    def __eq__(self, other: object) -> bool:
        raise AssertionError

    __hash__ = None

    def __call__(self, logits: tf.Tensor) -> tf.Tensor:
        return scaled(logits, self.by)

    def apply(self, logits: tf.Tensor) -> tf.Tensor:
        return scaled(logits, self.by)


ARRAY, TWO = np.array([1.0, 2.0]), Scaled(2.0)


def test_a_name_with_parameters_is_the_function_with_these_arguments() -> None:
    logits = tf.constant([[0.3], [-1.2]])
    name, objective = resolve("mutations", "least_squares(target=0.9)", OBJECTIVES)
    assert name == "least_squares(target=0.9)"
    expected = np.mean((1 / (1 + np.exp([-0.3, 1.2])) - 0.9) ** 2)
    np.testing.assert_allclose(objective(logits), expected, rtol=1e-6)
    _, default = resolve("mutations", "least_squares(target=1.0)", OBJECTIVES)
    np.testing.assert_array_equal(default(logits), OBJECTIVES["least_squares"](logits))


@pytest.mark.parametrize(
    ("choices", "names"),
    [
        (["heuristic", square], ["heuristic", "square"]),
        ([{"first": square}, {"second": cube}], ["first", "second"]),
        ({"first": square, "second": "heuristic"}, ["first", "second"]),
        ({"first": Scaled(2.0), "second": Scaled(2.0)}, ["first", "second"]),
        ({"first": Scaled(2.0).apply, "second": Scaled(3.0).apply}, ["first", "second"]),
        (
            {"first": functools.partial(scaled, by=ARRAY), "second": functools.partial(scaled, by=-ARRAY)},
            ["first", "second"],
        ),
        (["least_squares", "least_squares(target=0.9)"], ["least_squares", "least_squares(target=0.9)"]),
    ],
)
def test_choices_have_names(choices: Any, names: list[str]) -> None:
    assert list(resolve_all("mutations", choices, OBJECTIVES)) == names


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        (["heuristik"], "did you mean 'heuristic'"),
        (["heuristic", "heuristic"], "'heuristic' twice"),
        ([square, square], "name functions that share a name by"),
        (["hinge", "wasserstein"], "contains 'hinge' and 'wasserstein', which compute the same; keep one of them"),
        (
            ["minimax", "wasserstein", "heuristic", "hinge"],
            "contains 'wasserstein' and 'hinge', which compute the same",
        ),
        ({"first": square, "second": square}, "contains 'first' and 'second', which compute the same"),
        (["heuristic", {"mine": "heuristic"}], "contains 'heuristic' and 'mine', which compute the same"),
        (["least_squares", "least_squares(target=1)"], "'least_squares' and 'least_squares(target=1)', which compute"),
        (
            ["least_squares(target=0.9)", {"b": functools.partial(OBJECTIVES["least_squares"], target=0.9)}],
            "'least_squares(target=0.9)' and 'b', which compute",
        ),
        ({"a": TWO.apply, "b": TWO.apply}, "'a' and 'b', which compute"),
        ({"a": functools.partial(scaled, by=ARRAY), "b": functools.partial(scaled, by=ARRAY)}, "'a' and 'b', which"),
        (["heuristic(target=1)"], "heuristic takes no parameters"),
        (["least_squares(goal=1)"], "target"),
        (["least_squares(1)"], "write NAME"),
        (["least_squares(target=open('x'))"], "write NAME"),
        (["least_squares(target="], "write NAME"),
        (["(" * 5000], "write NAME"),
        (["os.system(target=1)"], "write NAME"),
        ([3], "must be a name or a function, got 3"),
        ("heuristic", "must be a sequence"),
        ([], "must be a sequence"),
        ({}, "at least one"),
        ({"": square}, "names a function ''"),
        ({" ": square}, "names a function ' '"),
        ([{"a\nb": square}], "names a function 'a\\nb'"),
    ],
)
def test_refusals_are_one_line_that_names_the_setting(choices: Any, says: str) -> None:
    with pytest.raises(InputError) as error:
        resolve_all("mutations", choices, OBJECTIVES)
    assert says in str(error.value)
    assert str(error.value).startswith("mutations")
    assert "\n" not in str(error.value)
