"""A plain Keras GAN loop: one generator, one discriminator, two optimizers, two tapes.

It stands for what a Keras user expects of layers and optimizers. Only the noise comes from the package. Whose losses
and whose state belong to which step:

- The generator's step minimises its objective and the losses of the generator's layers. The discriminator stays as it
  is.
- The discriminator's step minimises its loss and the losses of the discriminator's layers: those that a forward pass
  adds, for the real and for the generated batch, and each weight regularizer once. The generator keeps what its layers
  assign to trainable weights while it makes the samples; its other state, such as BatchNorm's statistics, belongs to
  its own step.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.noise import DISCRIMINATOR, EVALUATION, MUTATION
from egan_tf.utils import randomness

Optimizer = keras.optimizers.Optimizer


def heuristic(logits: tf.Tensor) -> tf.Tensor:
    return -0.5 * tf.reduce_mean(tf.math.log_sigmoid(logits))


def logistic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    return -tf.reduce_mean(tf.math.log_sigmoid(real)) - tf.reduce_mean(tf.math.log_sigmoid(-fake))


def noise(egan: EGAN, step: int, count: int, stream: int) -> tf.Tensor:
    return egan.latent.sample(count, randomness.stream(egan.settings.seed, tf.constant(step, tf.int64), stream, 0))


def added_losses(network: keras.Model) -> list[tf.Tensor]:
    """What the last forward pass added, without the weight regularizers."""
    regularizers = sum(weight.regularizer is not None for weight in network.trainable_weights)
    return network.losses[: len(network.losses) - regularizers]


def regularizers(network: keras.Model) -> list[tf.Tensor]:
    return [weight.regularizer(weight) for weight in network.trainable_weights if weight.regularizer is not None]


def total(parts: list[tf.Tensor]) -> tf.Tensor:
    return tf.add_n([tf.cast(tf.reduce_sum(part), tf.float32) for part in parts])


def step(network: keras.Model, optimizer: Optimizer, loss_of: Callable[[], list[tf.Tensor]]) -> None:
    with tf.GradientTape() as tape:
        loss = optimizer.scale_loss(total(loss_of()))
    weights = network.trainable_variables
    values = [weight.value for weight in weights]
    # A weight that the loss does not depend on has a gradient of zero.
    gradients = tape.gradient(loss, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], weights)


def train_plainly(
    egan: EGAN,
    generator: keras.Model,
    discriminator: keras.Model,
    optimizers: tuple[Optimizer, Optimizer],
    samples: np.ndarray,
    generations: int,
    batch_size: int,
    objective: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = lambda fake, real: heuristic(fake),
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] = lambda real, fake: logistic(real, fake),
    penalty: Callable[[int, tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
) -> None:
    """Trains the two networks with one objective, on the noise of `egan`.

    Args:
        egan: for the noise; it has one mutation, one individual, one discriminator step on the evaluation batch.
        generator: changed.
        discriminator: changed.
        optimizers: of the two.
        samples: [generations * egan.samples_per_generation(batch_size), ...].
        generations: the number of steps of each network.
        batch_size: samples in a step.
        objective: of the generator, a function of fake and real logits; by default the heuristic one.
        loss: of the discriminator, a function of real and fake logits; by default the logistic one.
        penalty: of the discriminator, a function of the generation, the real and the generated samples.
    """
    for number in range(generations):
        taken = egan.samples_per_generation(batch_size)
        # Without the fitness nothing is left for the evaluation batch; a fresh batch comes after it.
        start = number * taken + (taken - batch_size)
        real = tf.constant(samples[start : start + batch_size])
        first = samples[number * taken : number * taken + batch_size]
        stream = EVALUATION if egan.settings.reuse_evaluation_batch else DISCRIMINATOR

        def generator_loss(number: int = number, first: np.ndarray = first) -> list[tf.Tensor]:
            fake = generator(noise(egan, number, batch_size, MUTATION), training=True)
            own = generator.losses
            logits = tf.cast(discriminator(fake, training=True), tf.float32)
            real_logits = tf.cast(discriminator(first, training=True), tf.float32)
            return [objective(logits, real_logits), *own]

        before = [variable.numpy() for variable in discriminator.variables]
        step(generator, optimizers[0], generator_loss)
        for variable, value in zip(discriminator.variables, before, strict=True):
            variable.assign(value)

        # Of the samples only this stays, what the generator's layers assign to trainable weights.
        statistics = [variable.numpy() for variable in generator.non_trainable_variables]
        for used in dict.fromkeys((EVALUATION, stream)):
            fake = generator(noise(egan, number, batch_size, used), training=True)
            for variable, value in zip(generator.non_trainable_variables, statistics, strict=True):
                variable.assign(value)

        def discriminator_loss(number: int = number, real: tf.Tensor = real, fake: tf.Tensor = fake) -> list[tf.Tensor]:
            real_logits = tf.cast(discriminator(real, training=True), tf.float32)
            own = added_losses(discriminator)
            fake_logits = tf.cast(discriminator(fake, training=True), tf.float32)
            own += [*added_losses(discriminator), *regularizers(discriminator)]
            more = [] if penalty is None else [penalty(number, real, fake)]
            return [loss(real_logits, fake_logits), *more, *own]

        step(discriminator, optimizers[1], discriminator_loss)
    for network, optimizer in zip((generator, discriminator), optimizers, strict=True):
        optimizer.finalize_variable_values(network.trainable_variables)
