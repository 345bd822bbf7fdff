"""Baselines for E-GAN: the plain two-player step, and a textbook implementation of E-GAN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from egan_tf.evolution.discriminator_update import split_sizes
from egan_tf.evolution.losses import logistic
from egan_tf.evolution.objectives import Objective, heuristic

GAMMA = 0.01

Step = Callable[[tf.Tensor], None]


def adam() -> keras.optimizers.Optimizer:
    """Adam with the authors' settings."""
    return keras.optimizers.Adam(2e-4, beta_1=0.5, beta_2=0.999, epsilon=1e-8)


def _built_adam(network: keras.Model) -> keras.optimizers.Optimizer:
    optimizer = adam()
    optimizer.build(network.trainable_variables)
    return optimizer


@dataclass(frozen=True)
class Training:
    """Two networks and how they are trained.

    Attributes:
        generator: latent noise to samples.
        discriminator: samples to logits.
        latent: numbers of noise per sample.
        batch: samples in a step.
        discriminator_steps: of the discriminator per step of the generator.
        jit: whether XLA compiles the step.
    """

    generator: keras.Model
    discriminator: keras.Model
    latent: int
    batch: int
    discriminator_steps: int
    jit: bool

    def samples(self, count: int) -> tf.Tensor:
        """New samples of the generator."""
        return self.generator(tf.random.normal([count, self.latent]), training=True)

    def step_generator(self, optimizer: keras.optimizers.Optimizer, objective: Objective) -> None:
        """One optimizer step of the generator on an objective."""
        with tf.GradientTape() as tape:
            loss = objective(self.discriminator(self.samples(self.batch), training=True))
        weights = self.generator.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    def step_discriminator(self, optimizer: keras.optimizers.Optimizer, real: tf.Tensor, fake: tf.Tensor) -> None:
        """One optimizer step of the discriminator."""
        with tf.GradientTape() as tape:
            loss = logistic(self.discriminator(real, training=True), self.discriminator(fake, training=True))
        weights = self.discriminator.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def plain_step(training: Training) -> Step:
    """One step of a generator on the heuristic objective, and `discriminator_steps` of the discriminator.

    Returns:
        A function of the real samples, [batch · discriminator_steps, ...].
    """
    for_generator, for_discriminator = _built_adam(training.generator), _built_adam(training.discriminator)

    @tf.function(jit_compile=training.jit)
    def step(real: tf.Tensor) -> None:
        training.step_generator(for_generator, heuristic)
        for part in tf.split(real, training.discriminator_steps):
            training.step_discriminator(for_discriminator, part, training.samples(training.batch))

    return step


def textbook_generation(
    training: Training, objectives: Sequence[Objective], population_size: int, evaluation_size: int
) -> Step:
    """One generation as in the authors' loop: each child has its own noise and tape, and nothing is shared.

    Each child starts as a copy of its parent and its parent's optimizer, is scored on its own noise, and is kept if
    it is among the fittest.

    Returns:
        A function of the real samples, [evaluation_size + batch · discriminator_steps, ...].
    """
    for_generator, for_discriminator = _built_adam(training.generator), _built_adam(training.discriminator)
    state = [*training.generator.variables, *for_generator.variables]
    population = [[tf.Variable(variable.numpy()) for variable in state] for _ in range(population_size)]

    def load(individual: list[tf.Variable]) -> None:
        for variable, value in zip(state, individual, strict=True):
            variable.assign(value)

    def make_children(evaluation: tf.Tensor) -> tuple[list[list[tf.Tensor]], tf.Tensor]:
        children, scores = [], []
        for parent in population:
            for objective in objectives:
                load(parent)
                training.step_generator(for_generator, objective)
                scores.append(_score(training, evaluation))
                children.append([tf.identity(tf.convert_to_tensor(variable.value)) for variable in state])
        return children, tf.stack(scores)

    def survivors_samples() -> tf.Tensor:
        fakes = []
        for parent, size in zip(population, split_sizes(training.batch, population_size), strict=True):
            load(parent)
            fakes.append(training.samples(size))
        return tf.concat(fakes, axis=0)

    @tf.function(jit_compile=training.jit)
    def step(real: tf.Tensor) -> None:
        children, scores = make_children(real[:evaluation_size])
        best = tf.math.top_k(scores, population_size).indices
        for rank, parent in enumerate(population):
            for position, value in enumerate(parent):
                value.assign(tf.stack([child[position] for child in children])[best[rank]])
        for part in tf.split(real[evaluation_size:], training.discriminator_steps):
            training.step_discriminator(for_discriminator, part, survivors_samples())

    return step


def _score(training: Training, real: tf.Tensor) -> tf.Tensor:
    """Fq + γ·Fd of the current generator, on new noise."""
    fake = training.samples(real.shape[0])
    with tf.GradientTape() as tape:
        fake_logits = training.discriminator(fake, training=True)
        loss = logistic(training.discriminator(real, training=True), fake_logits)
    gradient = tape.gradient(loss, training.discriminator.trainable_variables)
    return tf.reduce_mean(tf.sigmoid(fake_logits)) - GAMMA * tf.math.log(tf.linalg.global_norm(gradient))
