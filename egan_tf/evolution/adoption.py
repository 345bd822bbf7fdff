"""What the user sets on the generator between generations becomes the fittest survivor's."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.population import Population
from egan_tf.evolution.stateless import NetworkVariables


def adopt(
    population: Population,
    variables: NetworkVariables,
    weights: Sequence[keras.Variable],
    copied: Sequence[int | None] = (),
) -> None:
    """Gives the fittest survivor the weights of the generator, if the user has set them since the last generation.

    These are all that `get_weights` returns, statistics such as those of BatchNormalization among them. A moving
    average that has not moved yet starts from the new weights as well, and so does an optimizer's copy of the weights;
    one that has moved goes on.

    Args:
        population: of the model.
        variables: of the generator, as the population's states have them.
        weights: the variables that `get_weights` returns; random states are none of them.
        copied: for each slot of the optimizer the position of the weight that it starts as a copy of, or None.
    """
    if not tf.executing_eagerly():
        return
    averages = population.average_stack.members
    members = population.weights_stack.members
    for position, (variable, member) in enumerate(zip(variables.trainable, members, strict=True)):
        copies = [slot for slot, of in zip(population.slots_stack.members, copied, strict=False) if of == position]
        _adopt(variable.numpy(), member.numpy()[0], [member, *averages[position : position + 1], *copies])
    weights_of_layers = {id(variable) for variable in weights}
    others = population.non_trainable_stack.members
    for variable, member in zip(variables.non_trainable, others, strict=True):
        if id(variable) in weights_of_layers:
            _adopt(variable.numpy(), member.numpy()[0], [member])


def _adopt(value: np.ndarray, before: np.ndarray, members: Sequence[keras.Variable]) -> None:
    if np.array_equal(value, before, equal_nan=True):
        return
    for member in members:
        stack = member.numpy()
        shape = stack[0].shape  # of slots per objective with one axis more
        if np.array_equal(stack[0], np.broadcast_to(before, shape), equal_nan=True):
            new = np.broadcast_to(value, shape).astype(stack.dtype)
            member.assign(np.concatenate([new[None], stack[1:]]))
