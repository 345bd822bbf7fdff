"""Choices by name, by name with parameters, and as functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import OBJECTIVES, InputError
from egan_tf.evolution.naming import resolve, resolve_all


def square(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(logits**2)


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
        ([{"first": square}, {"second": square}], ["first", "second"]),
        ({"first": square, "second": "heuristic"}, ["first", "second"]),
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
