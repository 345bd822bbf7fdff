"""Variation: every parent becomes one child per mutation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from egan_tf.evolution.individuals import Sweep, merge, mixes_samples, one_by_one, repeat, take
from egan_tf.evolution.objectives import Mutation
from egan_tf.evolution.stateless import (
    Individual,
    NetworkState,
    StatelessOptimizer,
    Tensors,
    apply_network,
    gradients_of,
)


class Networks(NamedTuple):
    """The architectures; their weights come from elsewhere."""

    generator: keras.Model
    discriminator: keras.Model


def slopes_of_objectives(
    discriminator: keras.Model,
    judge: NetworkState,
    samples: tf.Tensor,
    mutations: Sequence[Mutation],
    labels: tf.Tensor | None = None,
) -> list[tf.Tensor]:
    """The gradient of every objective at the samples, from one forward pass that they share.

    The objectives differ only in the cotangent that they put on the logits. Where the discriminator mixes no
    samples, one backward pass with cotangent 1 serves all of them: each scales it sample by sample.

    Args:
        discriminator: the architecture.
        judge: its state; it stays as it is.
        samples: [batch, ...].
        mutations: functions of the logits.
        labels: [batch], for a conditional discriminator.

    Returns:
        For each mutation a tensor like `samples`.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(samples)
        logits, _ = apply_network(discriminator, judge, samples, labels)
        losses = [mutation(tf.cast(logits, tf.float32)) for mutation in mutations]
    if mixes_samples(discriminator) or len(mutations) == 1:
        return [gradients_of(tape, loss, (samples,))[0] for loss in losses]
    cotangents = [gradients_of(tape, loss, (logits,))[0] for loss in losses]
    (slope,) = gradients_of(tape, logits, (samples,))
    by_sample = [-1] + [1] * (samples.shape.rank - 1)
    return [slope * tf.cast(tf.reshape(cotangent, by_sample), slope.dtype) for cotangent in cotangents]


def mutation_gradients(
    networks: Networks,
    network: NetworkState,
    judge: NetworkState,
    noise: tf.Tensor,
    mutations: Sequence[Mutation],
    labels: tf.Tensor | None = None,
    sweep: Sweep = one_by_one,
) -> tuple[Tensors, Tensors]:
    """The gradients of several objectives at one generator, from one forward pass that they share.

    Args:
        networks: the architectures.
        network: the generator's weights.
        judge: the discriminator's state; it stays as it is.
        noise: float32 [batch, latent].
        mutations: the objectives.
        labels: [batch], for conditional networks.
        sweep: the way to go over the objectives.

    Returns:
        The gradients of the trainable weights, [mutations, ...], and the generator's other state after the pass.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(network.trainable)
        samples, frozen = apply_network(networks.generator, network, noise, labels)
    slopes = slopes_of_objectives(networks.discriminator, judge, samples, mutations, labels)

    def pull_back(slope: tf.Tensor) -> Tensors:
        return gradients_of(tape, samples, network.trainable, output_gradients=slope)

    return sweep(pull_back, tf.stack(slopes), len(mutations)), frozen


def mutate(
    networks: Networks,
    optimizer: StatelessOptimizer,
    parents: Individual,
    judge: NetworkState,
    noise: Callable[[int | tf.Tensor], tf.Tensor],
    mutations: Sequence[Mutation],
    *,
    population_size: int = 1,
    steps: int = 1,
    labels: tf.Tensor | None = None,
    sweep: Sweep = one_by_one,
) -> Individual:
    """The children of all parents (Wang et al. 2018, algorithm 1, lines 8 to 10).

    All see the same noise: what tells them apart is their objective, and where they come from.

    Args:
        networks: the architectures.
        optimizer: the generators' optimizer, for population_size · mutations individuals at a time.
        parents: [population_size, ...]; they stay as they are.
        judge: the discriminator's state; it stays as it is.
        noise: from the number of the step (0 for the first) to float32 [batch, latent].
        mutations: the objectives.
        population_size: how many parents there are.
        steps: how many optimizer steps each child takes on its objective.
        labels: [batch], for conditional networks.
        sweep: the way to go over individuals.

    Returns:
        [population_size · mutations, ...], parent by parent, in the order of the mutations.
    """
    every = len(mutations)

    def first_gradients(network: NetworkState) -> tuple[Tensors, Tensors]:
        return mutation_gradients(networks, network, judge, noise(0), mutations, labels, sweep)

    gradients, frozen = sweep(first_gradients, parents.network, population_size)
    weights, slots = optimizer.apply(
        merge(gradients), repeat(parents.network.trainable, every), repeat(parents.slots, every)
    )
    children = Individual(NetworkState(weights, repeat(frozen, every)), slots)
    if steps == 1:
        return children

    def further(number: tf.Tensor, now: Individual) -> tuple[tf.Tensor, Individual]:
        def gradients_of(position: int, mutation: Mutation) -> tuple[Tensors, Tensors]:
            def gradient(network: NetworkState) -> tuple[Tensors, Tensors]:
                own, state = mutation_gradients(networks, network, judge, noise(number), [mutation], labels)
                return take(own, 0), state

            own = tf.nest.map_structure(lambda tensor: tensor[position::every], now.network)
            return sweep(gradient, own, population_size)

        by_mutation = [gradients_of(position, mutation) for position, mutation in enumerate(mutations)]
        gradients, frozen = merge(tf.nest.map_structure(lambda *same: tf.stack(same, axis=1), *by_mutation))
        weights, slots = optimizer.apply(gradients, now.network.trainable, now.slots)
        return number + 1, Individual(NetworkState(weights, frozen), slots)

    _, children = tf.while_loop(
        lambda number, _: number < steps, further, (tf.constant(1), children), parallel_iterations=1
    )
    return children
