"""Initial individuals of generators that Keras cannot clone: drawn again, or said to be equal."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest

from egan_tf import EGAN, InputError
from tests.evolution.networks import LATENT, points


class Mine(keras.layers.Layer):
    """A layer of the user without `get_config`."""

    def __init__(self, units: int, keeps: bool = False) -> None:
        super().__init__()
        self.units, self.kernel_initializer = units, keras.initializers.GlorotUniform() if keeps else None

    def build(self, shape: Any) -> None:
        first = self.kernel_initializer or "glorot_uniform"
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], self.units), initializer=first)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return keras.ops.matmul(inputs, self.kernel) + self.bias


def generator(*layers: keras.layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((LATENT,)), *layers])


def test_weights_that_no_initializer_could_draw_are_refused_if_they_are_all() -> None:
    with pytest.raises(InputError, match="^population_size: Keras cannot clone .* keep no initializers, .*") as error:
        EGAN(generator(Mine(2)), points()[1], population_size=2)
    assert "\n" not in str(error.value) and "seed" not in str(error.value)


def test_weights_that_no_initializer_could_draw_are_warned_of_beside_others() -> None:
    network = generator(Mine(5), keras.layers.Dense(2))
    with pytest.warns(
        UserWarning, match="^generator: Keras cannot clone it, .* equal sequential.*/mine.*/kernel; give"
    ):
        egan = EGAN(network, points()[1], population_size=2)
    same = [np.array_equal(*value) for value in egan.population.individuals.network.trainable]
    assert same == [True, True, False, True]


@pytest.mark.parametrize("population_size", [1, 2])
def test_weights_of_kept_initializers_are_drawn_without_a_word(population_size: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = generator(Mine(5, keeps=population_size > 1), keras.layers.Dense(2))
        EGAN(network, points()[1], population_size=population_size)
