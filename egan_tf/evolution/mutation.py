"""Mutation: every parent becomes one child per objective (Wang et al. 2018, algorithm 1, lines 8 to 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from egan_tf.evolution import replicas
from egan_tf.evolution.augmentation import Augment
from egan_tf.evolution.individual import Individual, single_parent
from egan_tf.evolution.loss_scale import scaled
from egan_tf.evolution.map_functions import MapFn, mixes_samples, sequential_map
from egan_tf.evolution.objectives import Objective, takes_real_logits
from egan_tf.evolution.stacking import merge, repeat, take
from egan_tf.evolution.stateless import (
    NetworkState,
    Tensors,
    apply_discriminator,
    assigned_weights,
    forward_pass,
    gradients_of,
    own_loss,
)
from egan_tf.evolution.variation import Networks, VariationContext


class ObjectiveMutation:
    """Copies every parent once per objective; each copy takes `context.steps` optimizer steps on its objective.

    All copies see the same noise. Children come parent by parent, in the order of the objectives.
    """

    def __init__(self, objectives: Mapping[str, Objective]) -> None:
        """Args: objectives: by name, each a function of fake logits, or of fake and real ones, to a scalar."""
        self._objectives = dict(objectives)

    @property
    def objectives(self) -> Mapping[str, Objective]:
        """The objectives by name."""
        return self._objectives

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the objectives."""
        return tuple(self._objectives)

    def count(self, population_size: int) -> int:
        """One child per parent and objective."""
        return population_size * len(self._objectives)

    def __call__(self, context: VariationContext, parents: Individual) -> Individual:
        """The children of all parents, [population_size · objectives, ...]."""
        objectives = list(self._objectives.values())
        count, size = len(objectives), parents.origin.operator.shape[0]
        real_logits = real_logits_of(context) if any(map(takes_real_logits, objectives)) else None

        def gradients_at(
            member: tuple[NetworkState, Tensors], number: int | tf.Tensor, chosen: Sequence[Objective]
        ) -> tuple[Tensors, tuple[Tensors, Tensors]]:
            network, slots = member
            gradients, after = objective_gradients(
                context.networks,
                network,
                context.discriminator_state,
                context.noise(number),
                chosen,
                labels=context.labels,
                real_logits=real_logits,
                map_fn=context.map_fn if len(chosen) > 1 else sequential_map,
                scale=context.optimizer.loss_scale(slots),
                augment=context.augment_fake(number),
            )
            return replicas.mean((gradients, (assigned_weights(network, after), after.non_trainable)))

        gradients, (assigned, after) = context.map_fn(
            lambda parent: gradients_at(parent, 0, objectives), (parents.network, parents.slots), size
        )
        origin = single_parent(tf.repeat(tf.range(size), count), tf.tile(tf.range(count), [size]))
        parent = assigned or parents.network.trainable, parents.slots
        if context.may_defer and size == context.steps == 1 and not assigned and context.map_fn is sequential_map:
            return Individual(NetworkState((), repeat(after, count)), (), origin, merge(gradients))
        if context.slots_per_objective:
            parent = repeat(parent[0], count), merge(parents.slots)
        elif size > 1:  # copies of a single parent would cost as much memory as the children
            parent = repeat(parent, count)
        weights, slots = context.optimizer.apply(merge(gradients), *parent)
        children = NetworkState(weights, repeat(after, count)), slots

        def next_step(number: int | tf.Tensor, now: tuple[NetworkState, Tensors]) -> tuple[NetworkState, Tensors]:
            network, slots = now

            def of_objective(position: int, objective: Objective) -> tuple:
                def gradient(child: tuple[NetworkState, Tensors]) -> tuple:
                    one, after = gradients_at(child, number, [objective])
                    return take(one, 0), after

                its_children = tf.nest.map_structure(lambda tensor: tensor[position::count], now)
                return context.map_fn(gradient, its_children, size)

            by_objective = [of_objective(position, objective) for position, objective in enumerate(objectives)]
            stacked = tf.nest.map_structure(lambda *same: tf.stack(same, axis=1), *by_objective)
            gradients, (assigned, after) = merge(stacked)
            weights, slots = context.optimizer.apply(gradients, assigned or network.trainable, slots)
            return NetworkState(weights, after), slots

        if context.steps > 1:
            children = replicas.repeat_step(next_step, context.steps, children)
        return Individual(*children, origin)


def real_logits_of(context: VariationContext) -> tf.Tensor:
    """The logits of the real samples of the mutations, of all replicas, float32 [batch, 1]."""
    discriminator, state = context.networks.discriminator, context.discriminator_state
    seen = context.augment_real(context.real)
    return replicas.all_rows(apply_discriminator(discriminator, state, seen, context.labels).outputs)


def objective_gradients(
    networks: Networks,
    network: NetworkState,
    discriminator_state: NetworkState,
    noise: tf.Tensor,
    objectives: Sequence[Objective],
    *,
    labels: tf.Tensor | None = None,
    real_logits: tf.Tensor | None = None,
    map_fn: MapFn = sequential_map,
    scale: tf.Tensor | None = None,
    augment: Augment = tf.identity,
) -> tuple[Tensors, NetworkState]:
    """The gradients of several objectives with respect to a generator's weights, from one shared forward pass.

    Every objective is minimised together with the losses that the generator's own layers bring (regularizers,
    `add_loss`).

    Args:
        networks: the architectures.
        network: the generator's state.
        discriminator_state: the discriminator's state; it is not changed.
        noise: float32 [batch, latent].
        objectives: functions of logits to a scalar.
        labels: [batch], for conditional networks.
        real_logits: float32 [batch, 1], of all replicas, for objectives that take them.
        map_fn: maps over the objectives.
        scale: float32 scalar that multiplies all losses, and so the gradients; see `loss_scale`.
        augment: what the discriminator sees of the samples.

    Returns:
        The gradients of the trainable weights, [objectives, ...], and the generator's state after the pass; on several
        replicas their means are those of the global batch.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(network.trainable)
        samples, after, added_loss = forward_pass(networks.generator, network, noise, labels)
        own = own_loss(networks.generator, after.trainable, added_loss)
    at_samples = sample_gradients(
        networks.discriminator,
        discriminator_state,
        samples,
        objectives,
        labels=labels,
        real_logits=real_logits,
        scale=scale,
        augment=augment,
    )

    def at_weights(at_sample: tf.Tensor) -> Tensors:
        if own is None:
            return gradients_of(tape, samples, network.trainable, output_gradients=at_sample)
        both = [at_sample, tf.constant(1.0) if scale is None else scale]
        return gradients_of(tape, [samples, own], network.trainable, output_gradients=both)

    return map_fn(at_weights, tf.stack(at_samples), len(objectives)), after


def sample_gradients(
    discriminator: keras.Model,
    discriminator_state: NetworkState,
    samples: tf.Tensor,
    objectives: Sequence[Objective],
    *,
    labels: tf.Tensor | None = None,
    real_logits: tf.Tensor | None = None,
    scale: tf.Tensor | None = None,
    augment: Augment = tf.identity,
) -> list[tf.Tensor]:
    """The gradients of several objectives with respect to the samples, from one shared forward pass.

    The objectives differ only in the cotangent of the logits. If the discriminator does not mix samples, one backward
    pass with cotangent 1 serves all objectives, scaled sample by sample.

    Args:
        discriminator: the architecture.
        discriminator_state: its state; it is not changed.
        samples: [batch, ...].
        objectives: functions of logits to a scalar.
        labels: [batch], for a conditional discriminator.
        real_logits: float32 [batch, 1], for objectives that take them.
        scale: float32 scalar that multiplies the losses.
        augment: what the discriminator sees of the samples.

    Returns:
        For each objective a tensor like `samples`.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(samples)
        logits = forward_pass(discriminator, discriminator_state, augment(samples), labels).outputs
        fake_logits = replicas.all_rows(tf.cast(logits, tf.float32))
        losses = [
            scaled(
                objective(fake_logits, real_logits) if takes_real_logits(objective) else objective(fake_logits), scale
            )
            for objective in objectives
        ]
    if mixes_samples(discriminator) or len(objectives) == 1:
        return [gradients_of(tape, loss, (samples,))[0] for loss in losses]
    cotangents = [gradients_of(tape, loss, (logits,))[0] for loss in losses]
    (at_samples,) = gradients_of(tape, logits, (samples,))
    by_sample = [-1] + [1] * (samples.shape.rank - 1)
    return [at_samples * tf.cast(tf.reshape(cotangent, by_sample), at_samples.dtype) for cotangent in cotangents]
