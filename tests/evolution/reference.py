"""A plain implementation of a generation: eager; a model, an optimizer and a tape for every child.

Only the noise comes from the package.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.noise import DISCRIMINATOR, EVALUATION, MUTATION
from egan_tf.utils import randomness

OBJECTIVES = {
    "minimax": lambda logits: 0.5 * tf.reduce_mean(tf.math.log_sigmoid(-logits)),
    "heuristic": lambda logits: -0.5 * tf.reduce_mean(tf.math.log_sigmoid(logits)),
    "least_squares": lambda logits: tf.reduce_mean((tf.sigmoid(logits) - 1.0) ** 2),
    "least_squares_logit": lambda logits: tf.reduce_mean((logits - 1.0) ** 2),
}


def copy_of(model: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


@dataclass
class PlainIndividual:
    """A generator with its own optimizer."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    scores: tuple[float, float, float] = (np.nan, np.nan, np.nan)
    made_by: tuple[int, int] = (-1, -1)

    def child(self) -> PlainIndividual:
        model, optimizer = copy_of(self.model), type(self.optimizer).from_config(self.optimizer.get_config())
        optimizer.build(model.trainable_variables)
        for new, old in zip(optimizer.variables, self.optimizer.variables, strict=True):
            new.assign(old)
        return PlainIndividual(model, optimizer)


@dataclass
class PlainEvolution:
    """Copies of the initial population and of the discriminator of an `EGAN`."""

    egan: EGAN
    population: list[PlainIndividual] = field(default_factory=list)

    def __post_init__(self) -> None:
        for position in range(self.egan.settings.population_size):
            optimizer = keras.optimizers.Adam.from_config(self.egan.generator_optimizer.get_config())
            model = self.egan.individual(position, averaged=False)
            optimizer.build(model.trainable_variables)
            self.population.append(PlainIndividual(model, optimizer))
        self.discriminator = copy_of(self.egan.discriminator)
        config = self.egan.discriminator_optimizer.get_config()
        self.discriminator_optimizer = keras.optimizers.Adam.from_config(config)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def noise(self, step: int, count: int, stream: int, number: int = 0) -> tf.Tensor:
        seed = randomness.stream(self.egan.settings.seed, tf.constant(step, tf.int64), stream, number)
        return self.egan.latent.sample(count, seed)

    def generation(self, step: int, data: np.ndarray, batch_size: int) -> None:
        settings = self.egan.settings
        real, data = data[: settings.evaluation_size], data[settings.evaluation_size :]
        children = []
        for position, parent in enumerate(self.population):
            for number, name in enumerate(settings.mutations):
                child = parent.child()
                child.made_by = (position, number)
                for mutation_step in range(settings.mutation_steps):
                    self.mutate(child, name, self.noise(step, batch_size, MUTATION, mutation_step))
                children.append(child)
        noise = self.noise(step, settings.evaluation_size, EVALUATION)
        for child in children:
            child.scores = self.score(child, noise, real)
        children.sort(key=lambda child: -child.scores[2])
        self.population = children[: settings.population_size]
        fresh = range(settings.discriminator_steps)
        if settings.reuse_evaluation_batch:
            self.train_discriminator_on_evaluation_batch(real, noise)
            fresh = range(1, settings.discriminator_steps)
        for position, number in enumerate(fresh):
            batch = data[position * batch_size : (position + 1) * batch_size]
            self.train_discriminator(batch, self.noise(step, batch_size, DISCRIMINATOR, number))

    def mutate(self, child: PlainIndividual, name: str, noise: tf.Tensor) -> None:
        discriminator = copy_of(self.discriminator)
        with tf.GradientTape() as tape:
            loss = OBJECTIVES[name](discriminator(child.model(noise, training=True), training=True))
        weights = child.model.trainable_variables
        child.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    def score(self, child: PlainIndividual, noise: tf.Tensor, real: np.ndarray) -> tuple[float, float, float]:
        discriminator, fake = copy_of(self.discriminator), copy_of(child.model)(noise, training=True)
        with tf.GradientTape() as tape:
            fake_logits, real_logits = discriminator(fake, training=True), discriminator(real, training=True)
            loss = -tf.reduce_mean(tf.math.log_sigmoid(real_logits)) - tf.reduce_mean(tf.math.log_sigmoid(-fake_logits))
        flat = np.concatenate([np.ravel(g) for g in tape.gradient(loss, discriminator.trainable_variables)])
        quality, diversity = np.mean(tf.sigmoid(fake_logits)), -np.log(np.linalg.norm(flat))
        return quality, diversity, quality + self.egan.settings.gamma * diversity

    def train_discriminator(self, real: np.ndarray, noise: tf.Tensor) -> None:
        parts_of_noise = np.array_split(noise, len(self.population))
        parts = [copy_of(one.model)(z, training=True) for one, z in zip(self.population, parts_of_noise, strict=True)]
        fake = tf.concat(parts, axis=0)
        with tf.GradientTape() as tape:
            real_logits = self.discriminator(real, training=True)
            fake_logits = self.discriminator(fake, training=True)
            loss = -tf.reduce_mean(tf.math.log_sigmoid(real_logits)) - tf.reduce_mean(tf.math.log_sigmoid(-fake_logits))
        weights = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    def train_discriminator_on_evaluation_batch(self, real: np.ndarray, noise: tf.Tensor) -> None:
        """Applies the mean of the gradients for each survivor alone."""
        copies, gradients = [], []
        for one in self.population:
            discriminator, fake = copy_of(self.discriminator), copy_of(one.model)(noise, training=True)
            with tf.GradientTape() as tape:
                real_logits, fake_logits = discriminator(real, training=True), discriminator(fake, training=True)
                loss = -tf.reduce_mean(tf.math.log_sigmoid(real_logits))
                loss -= tf.reduce_mean(tf.math.log_sigmoid(-fake_logits))
            gradients.append(tape.gradient(loss, discriminator.trainable_variables))
            copies.append(discriminator)
        weights = self.discriminator.trainable_variables
        mean = [tf.add_n(same) / len(same) for same in zip(*gradients, strict=True)]
        self.discriminator_optimizer.apply_gradients(zip(mean, weights, strict=True))
        states = zip(*(copy.non_trainable_variables for copy in copies), strict=True)
        for variable, same in zip(self.discriminator.non_trainable_variables, states, strict=True):
            variable.assign(np.mean([value.numpy() for value in same], axis=0))
