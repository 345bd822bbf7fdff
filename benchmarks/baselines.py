"""What E-GAN is compared with: the plain two-player step, and E-GAN as a textbook writes it."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from egan_tf import MUTATIONS
from egan_tf.evolution.objectives import discriminator_loss, heuristic


def _adam() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)


def _train_discriminator(
    discriminator: keras.Model, optimizer: keras.optimizers.Optimizer, real: tf.Tensor, fake: tf.Tensor
) -> None:
    with tf.GradientTape() as tape:
        loss = discriminator_loss(discriminator(real, training=True), discriminator(fake, training=True))
    weights = discriminator.trainable_variables
    optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def plain_step(
    generator: keras.Model, discriminator: keras.Model, latent: int, batch: int, discriminator_steps: int, jit: bool
) -> Callable[[tf.Tensor], None]:
    """One step of a generator on the heuristic objective, and `discriminator_steps` of the discriminator.

    Returns:
        A function of the real samples, [batch · discriminator_steps, ...].
    """
    optimizers = _adam(), _adam()
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)

    @tf.function(jit_compile=jit)
    def step(real: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            fake = generator(tf.random.normal([batch, latent]), training=True)
            loss = heuristic(discriminator(fake, training=True))
        weights = generator.trainable_variables
        optimizers[0].apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        for part in tf.split(real, discriminator_steps):
            fake = generator(tf.random.normal([batch, latent]), training=True)
            _train_discriminator(discriminator, optimizers[1], part, fake)

    return step


def textbook_generation(
    generator: keras.Model,
    discriminator: keras.Model,
    latent: int,
    batch: int,
    discriminator_steps: int,
    mutations: list[str],
    population_size: int,
    evaluation_size: int,
    jit: bool,
) -> Callable[[tf.Tensor], None]:
    """One generation as the authors' loop has it: noise and a tape for every child, nothing shared.

    Each child begins as a copy of its parent and its parent's optimizer, is scored on noise of its own, and is kept if
    it beats one of those kept so far.

    Returns:
        A function of the real samples, [evaluation_size + batch · discriminator_steps, ...].
    """
    optimizers = _adam(), _adam()
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    state = [*generator.variables, *optimizers[0].variables]
    population = [[tf.Variable(v.numpy()) for v in state] for _ in range(population_size)]
    gamma = 0.01

    def score(real: tf.Tensor) -> tf.Tensor:
        fake = generator(tf.random.normal([evaluation_size, latent]), training=True)
        with tf.GradientTape() as tape:
            fake_logits = discriminator(fake, training=True)
            loss = discriminator_loss(discriminator(real, training=True), fake_logits)
        gradient = tape.gradient(loss, discriminator.trainable_variables)
        return tf.reduce_mean(tf.sigmoid(fake_logits)) - gamma * tf.math.log(tf.linalg.global_norm(gradient))

    @tf.function(jit_compile=jit)
    def step(real: tf.Tensor) -> None:
        evaluation, training = real[:evaluation_size], real[evaluation_size:]
        children, scores = [], []
        for parent in population:
            for mutation in mutations:
                for variable, value in zip(state, parent, strict=True):
                    variable.assign(value)
                with tf.GradientTape() as tape:
                    fake = generator(tf.random.normal([batch, latent]), training=True)
                    loss = MUTATIONS[mutation](discriminator(fake, training=True))
                weights = generator.trainable_variables
                optimizers[0].apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
                scores.append(score(evaluation))
                children.append([tf.identity(tf.convert_to_tensor(variable.value)) for variable in state])
        best = tf.math.top_k(tf.stack(scores), population_size).indices
        for rank, parent in enumerate(population):
            for position, value in enumerate(parent):
                value.assign(tf.stack([child[position] for child in children])[best[rank]])
        shares = [batch // population_size + (i < batch % population_size) for i in range(population_size)]
        for part in tf.split(training, discriminator_steps):
            fakes = []
            for parent, share in zip(population, shares, strict=True):
                for variable, value in zip(state, parent, strict=True):
                    variable.assign(value)
                fakes.append(generator(tf.random.normal([share, latent]), training=True))
            _train_discriminator(discriminator, optimizers[1], part, tf.concat(fakes, axis=0))

    return step
