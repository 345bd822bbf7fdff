"""What the user sets on the generator between generations becomes the fittest survivor's."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.population import Population


def adopt(population: Population, generator: keras.Model) -> None:
    """Gives the fittest survivor the weights of the generator, if the user has set them since the last generation.

    These are all that `get_weights` returns, statistics such as those of BatchNormalization among them. A moving
    average that has not moved yet starts from the new weights as well; one that has moved goes on. Nothing is taken
    from a generator of which weights were frozen since, with which training is refused.
    """
    weights = generator.trainable_variables
    if not tf.executing_eagerly() or len(weights) != len(population.weights_stack.members):
        return
    averages = population.average_stack.members
    for position, (variable, member) in enumerate(zip(weights, population.weights_stack.members, strict=True)):
        _adopt(variable.numpy(), member.numpy()[0], [member, *averages[position : position + 1]])
    weights_of_layers = {id(variable) for variable in generator.weights}  # random states are none
    others = population.non_trainable_stack.members
    for variable, member in zip(generator.non_trainable_variables, others, strict=True):
        if id(variable) in weights_of_layers:
            _adopt(variable.numpy(), member.numpy()[0], [member])


def _adopt(value: np.ndarray, before: np.ndarray, members: Sequence[keras.Variable]) -> None:
    if np.array_equal(value, before, equal_nan=True):
        return
    for member in members:
        stack = member.numpy()
        if np.array_equal(stack[0], before, equal_nan=True):
            member.assign(np.concatenate([value[None].astype(stack.dtype), stack[1:]]))
