"""Variation: one parent becomes one child per mutation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from egan_tf.evolution.objectives import Mutation
from egan_tf.evolution.population import Individual
from egan_tf.evolution.stateless import NetworkState, StatelessOptimizer, Tensors, apply_network


def mutation_gradients(
    generator: keras.Model,
    discriminator: keras.Model,
    network: NetworkState,
    judge: NetworkState,
    noise: tf.Tensor,
    mutations: Sequence[Mutation],
    labels: tf.Tensor | None = None,
) -> tuple[list[Tensors], Tensors]:
    """The gradients of several objectives at one generator, from one forward pass that they share.

    Args:
        generator: the generators' architecture.
        discriminator: the discriminator's architecture.
        network: the parent's weights.
        judge: the discriminator's state; it stays as it is.
        noise: float32 [batch, latent].
        mutations: the objectives.
        labels: [batch], for conditional networks.

    Returns:
        For each mutation the gradients of the trainable weights, and the generator's other state after the pass.
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(network.trainable)
        samples, frozen = apply_network(generator, network, noise, labels)
        logits, _ = apply_network(discriminator, judge, samples, labels)
        losses = [mutation(tf.cast(logits, tf.float32)) for mutation in mutations]
    zero = tf.UnconnectedGradients.ZERO
    return [tuple(tape.gradient(loss, network.trainable, unconnected_gradients=zero)) for loss in losses], frozen


def mutate(
    generator: keras.Model,
    discriminator: keras.Model,
    optimizer: StatelessOptimizer,
    parent: Individual,
    judge: NetworkState,
    noise: Callable[[int | tf.Tensor], tf.Tensor],
    mutations: Sequence[Mutation],
    steps: int = 1,
    labels: tf.Tensor | None = None,
) -> list[Individual]:
    """The children of one parent, in the order of the mutations (Wang et al. 2018, algorithm 1, lines 8 to 10).

    Args:
        generator: the generators' architecture.
        discriminator: the discriminator's architecture.
        optimizer: the generators' optimizer.
        parent: the parent; it stays as it is.
        judge: the discriminator's state; it stays as it is.
        noise: from the number of the step (0 for the first) to float32 [batch, latent].
        mutations: the objectives.
        steps: how many optimizer steps each child takes on its objective.
        labels: [batch], for conditional networks.

    Returns:
        One individual for each mutation.
    """

    def step(individual: Individual, number: int | tf.Tensor, objectives: Sequence[Mutation]) -> list[Individual]:
        gradients, frozen = mutation_gradients(
            generator, discriminator, individual.network, judge, noise(number), objectives, labels
        )
        moved = [optimizer.apply(g, individual.network.trainable, individual.slots) for g in gradients]
        return [Individual(NetworkState(weights, frozen), slots) for weights, slots in moved]

    children = step(parent, 0, mutations)
    if steps == 1:
        return children

    def further(child: Individual, mutation: Mutation) -> Individual:
        _, last = tf.while_loop(
            lambda number, _: number < steps,
            lambda number, now: (number + 1, step(now, number, [mutation])[0]),
            (tf.constant(1), child),
            parallel_iterations=1,
        )
        return last

    return [further(child, mutation) for child, mutation in zip(children, mutations, strict=True)]
