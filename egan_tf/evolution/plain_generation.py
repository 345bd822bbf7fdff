"""A generation without a tournament: one child of each line, by its own objective or a bandit's, without scores.

Costs as much as a plain two-player step of each line: one gradient for a generator, and the discriminator's steps, the
first of which is on the evaluation batch if that is reused. Noise and real samples are those of a tournament.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution.batches import Batches, evaluation_batch, fresh_batches
from egan_tf.evolution.branches import change_if
from egan_tf.evolution.generation import Generation
from egan_tf.evolution.growing import grow
from egan_tf.evolution.individual import Individual, single_parent
from egan_tf.evolution.noise import GenerationNoise
from egan_tf.evolution.objective_slots import slots_of, with_slots
from egan_tf.evolution.outcome import own_objectives
from egan_tf.evolution.selection import all_finite
from egan_tf.evolution.stacking import where
from egan_tf.evolution.stateless import NetworkState


class PlainGeneration(NamedTuple):
    """The population after a generation without a tournament.

    Attributes:
        survivors: [μ, ...], each in the place of its parent.
        retained: bool [μ], True for a parent that is retained because its child is not finite.
        fake: the survivors' samples for the discriminator's first step, [batch, ...].
        difference: float32 scalar, of the objectives' cotangents; 0 unless a rule of `tournaments` asks for it.
    """

    survivors: Individual
    retained: tf.Tensor
    fake: tf.Tensor
    difference: tf.Tensor


def plain_generation(
    functions: Generation,
    noise: GenerationNoise,
    parents: Individual,
    state: NetworkState,
    batches: Batches,
    arm: tf.Tensor | None = None,
) -> PlainGeneration:
    """Every parent's child by one objective, and samples for the discriminator.

    Args:
        functions: of the generation; its only operator is an `ObjectiveMutation`.
        noise: of the generation.
        parents: the population, [μ, ...].
        state: the discriminator's state; it is not changed.
        batches: the real samples.
        arm: int64 scalar, the objective of all lines; None for each line's own.
    """
    own = own_objectives(parents.origin)
    own = own if arm is None else tf.fill([own.shape[0]], arm)
    per_objective = functions.settings.slots == "objective"
    before = parents._replace(slots=slots_of(parents.slots, own)) if per_objective else parents
    compare = functions.rule.kind == "angle"
    children, difference = grow(functions.context(noise, state, batches), before, functions.objectives, own, compare)
    born = children.network, children.slots
    retained = ~all_finite(born, own.shape[0])
    old = before.network, before.slots
    network, slots = change_if(tf.reduce_any(retained), lambda new: where(retained, old, new), born)
    if per_objective:
        slots = with_slots(parents.slots, own, slots, functions.optimizer.counts_line)
    # The first step's samples are made here, because layers may assign to the weights that they are made with.
    reuse = functions.settings.reuse_evaluation_batch
    first = evaluation_batch(batches) if reuse else fresh_batches(batches)[0]
    fake, assigned = functions.training.survivors_samples(noise, 0, network, first, evaluation=reuse)
    origin = single_parent(tf.range(own.shape[0]), tf.where(retained, parents.origin.operator, own))
    network = NetworkState(assigned or network.trainable, network.non_trainable)
    return PlainGeneration(Individual(network, slots, origin), retained, fake, difference)
