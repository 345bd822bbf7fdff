"""Variation without a tournament: every parent has one child, by one objective; a plain two-player step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.cotangents import difference, logit_cotangents
from egan_tf.evolution.individual import Individual, single_parent
from egan_tf.evolution.mutation import real_logits_of
from egan_tf.evolution.objectives import Objective, takes_real_logits
from egan_tf.evolution.stateless import (
    NetworkState,
    Tensors,
    assigned_weights,
    forward_pass,
    gradients_of,
    own_loss,
)
from egan_tf.evolution.variation import VariationContext


class Grown(NamedTuple):
    """Children that are not scored.

    Attributes:
        children: [μ, ...], child i of parent i.
        difference: float32 scalar, of the objectives' cotangents at the parents' samples; see
            `cotangents.difference`. 0 unless it was asked for.
    """

    children: Individual
    difference: tf.Tensor


def grow(
    context: VariationContext,
    parents: Individual,
    objectives: Sequence[Objective],
    chosen: tf.Tensor,
    compare: bool = False,
) -> Grown:
    """One child of each parent, which takes `context.steps` optimizer steps on the chosen objective.

    Equals the child that `ObjectiveMutation` makes by that objective, up to rounding.

    Args:
        context: networks, optimizer, noise and real samples.
        parents: the population, [μ, ...]; it is not changed.
        objectives: functions of logits to a scalar.
        chosen: int64 [μ], the position of each child's objective.
        compare: whether to compute the difference of the objectives' cotangents in the first step.
    """
    size = parents.origin.operator.shape[0]
    real_logits = real_logits_of(context) if any(map(takes_real_logits, objectives)) else None

    def gradient_at(
        member: tuple[NetworkState, Tensors, tf.Tensor], number: int | tf.Tensor
    ) -> tuple[Tensors, Tensors, Tensors, tf.Tensor]:
        network, slots, position = member
        networks, scale = context.networks, context.optimizer.loss_scale(slots)
        with tf.GradientTape() as tape:
            tape.watch(network.trainable)
            samples, after, added_loss = forward_pass(
                networks.generator, network, context.noise(number), context.labels
            )
            own = own_loss(networks.generator, after.trainable, added_loss)
            seen = context.augment_fake(number)(samples)
            logits = forward_pass(networks.discriminator, context.discriminator_state, seen, context.labels).outputs
        cotangents = logit_cotangents(objectives, replicas.all_rows(tf.cast(logits, tf.float32)), real_logits)
        cotangent = replicas.own_gradient(tf.gather(cotangents, position))
        at_logits = tf.cast(cotangent if scale is None else cotangent * scale, logits.dtype)
        targets, at_targets = logits, at_logits
        if own is not None:
            targets, at_targets = [logits, own], [at_logits, tf.constant(1.0) if scale is None else scale]
        gradient = gradients_of(tape, targets, network.trainable, output_gradients=at_targets)
        apart = difference(cotangents, context.optimizer.normalizes_scale) if compare else tf.constant(0.0)
        return replicas.mean((gradient, assigned_weights(network, after), after.non_trainable, apart))

    def step(number: int | tf.Tensor, network: NetworkState, slots: Tensors) -> tuple[NetworkState, Tensors, tf.Tensor]:
        gradient, assigned, after, apart = context.map_fn(
            lambda member: gradient_at(member, number), (network, slots, chosen), size
        )
        weights, slots = context.optimizer.apply(gradient, assigned or network.trainable, slots)
        return NetworkState(weights, after), slots, tf.reduce_max(apart)

    network, slots, apart = step(0, parents.network, parents.slots)
    if context.steps > 1:
        network, slots = replicas.repeat_step(
            lambda number, now: step(number, *now)[:2], context.steps, (network, slots)
        )
    return Grown(Individual(network, slots, single_parent(tf.range(size), chosen)), apart)
