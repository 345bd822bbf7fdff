"""A plain class-conditional DCGAN as keras.io teaches it (its example conditional_gan), for comparison.

Labels are one-hot vectors beside the noise, and planes of ones beside the image. The discriminator minimises the binary
cross-entropy, the generator the same with the labels exchanged; Adam with 3e-4 for both. The first layer has as many
channels as the convolutions, so that one width sets the number of parameters; there it has 138, in 930,000 weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

LEARNING_RATE = 3e-4
LATENT = 128


def generator(classes: int, width: int) -> keras.Model:
    """Noise with one-hot labels, [batch, 128 + classes], to images [batch, 28, 28, 1] in [−1, 1]."""
    inputs = keras.Input((LATENT + classes,))
    x = layers.LeakyReLU(negative_slope=0.2)(layers.Dense(7 * 7 * width)(inputs))
    x = layers.Reshape((7, 7, width))(x)
    for _ in range(2):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2DTranspose(width, 4, strides=2, padding="same")(x))
    outputs = layers.Conv2D(1, 7, padding="same")(x)
    return keras.Model(inputs, layers.Activation("tanh", dtype="float32")(outputs))


def discriminator(classes: int, width: int) -> keras.Model:
    """Images with planes of labels, [batch, 28, 28, 1 + classes], to logits [batch, 1]."""
    inputs = keras.Input((28, 28, 1 + classes))
    x = inputs
    for channels in (width // 2, width):
        x = layers.LeakyReLU(negative_slope=0.2)(layers.Conv2D(channels, 3, strides=2, padding="same")(x))
    return keras.Model(inputs, layers.Dense(1, dtype="float32")(layers.GlobalMaxPooling2D()(x)))


def width_for(parameters: int, classes: int) -> int:
    """The width whose two networks together come nearest to a number of parameters."""

    def count(width: int) -> int:
        return generator(classes, width).count_params() + discriminator(classes, width).count_params()

    return min(range(8, 257, 2), key=lambda width: abs(count(width) - parameters))


def train(
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    width: int,
    batch: int,
    steps: int,
    seed: int,
    every: int,
    score_fn: Callable[[keras.Model, int], float],
) -> tuple[keras.Model, dict[str, Any]]:
    """Trains, and returns the generator of the best checkpoint.

    Args:
        images: uint8 [n, 28, 28, 1].
        labels: int [n].
        classes: the number of labels.
        width: of both networks.
        batch: samples in a step.
        steps: of training.
        seed: of weights, order and noise.
        every: steps between checkpoints.
        score_fn: scores a generator, lower is better.
    """
    keras.utils.set_random_seed(seed)
    networks = generator(classes, width), discriminator(classes, width)
    optimizers = [keras.optimizers.Adam(LEARNING_RATE) for _ in networks]
    for optimizer, network in zip(optimizers, networks, strict=True):
        optimizer.build(network.trainable_variables)
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=seed).repeat()
    batches = iter(data.batch(batch, drop_remainder=True).prefetch(2))
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def step(real: tf.Tensor, label: tf.Tensor) -> None:
        one_hot = tf.one_hot(label, classes)
        planes = tf.tile(one_hot[:, None, None], [1, 28, 28, 1])
        real = tf.concat([tf.cast(real, tf.float32) / 127.5 - 1.0, planes], axis=-1)

        def fake() -> tf.Tensor:
            made = networks[0](tf.concat([tf.random.normal([batch, LATENT]), one_hot], axis=1), training=True)
            return tf.concat([made, planes], axis=-1)

        generated = fake()
        with tf.GradientTape() as tape:
            logits = networks[1](tf.concat([generated, real], axis=0), training=True)
            targets = tf.concat([tf.zeros([batch, 1]), tf.ones([batch, 1])], axis=0)
            loss = entropy(targets, logits)
        weights = networks[1].trainable_variables
        optimizers[1].apply(tape.gradient(loss, weights), weights)
        with tf.GradientTape() as tape:
            loss = entropy(tf.ones([batch, 1]), networks[1](fake(), training=True))
        weights = networks[0].trainable_variables
        optimizers[0].apply(tape.gradient(loss, weights), weights)

    step(*next(batches))
    best, spent, history = (float("inf"), networks[0].get_weights(), 0), 0.0, []
    for done in range(1, steps + 1):
        start = time.perf_counter()
        step(*next(batches))
        spent += time.perf_counter() - start
        if done % every == 0 or done == steps:
            score = score_fn(networks[0], done)
            history.append([done, round(score, 3)])
            print(f"Keras: {done} of {steps} steps, {score:.3f}", flush=True)
            if score < best[0]:
                best = (score, networks[0].get_weights(), done)
    networks[0].set_weights(best[1])
    facts = {"steps": steps, "best_step": best[2], "seconds": round(spent, 1), "history": history}
    return networks[0], facts
