"""Augmentations against plain numpy, and their place in a generation against a plain loop."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.augmentation import AUGMENTATIONS, augment_fn, check_augmentations
from egan_tf.evolution.latent import Latent
from egan_tf.evolution.noise import (
    EVALUATION_FAKE,
    EVALUATION_REAL,
    FRESH_FAKE,
    FRESH_REAL,
    MUTATION_FAKE,
    MUTATION_REAL,
    USES,
    GenerationNoise,
)
from egan_tf.networks import build_discriminator, build_generator

RANDOM = np.random.default_rng(0)
COUNT = 40


def images(height: int = 8, width: int = 12, channels: int = 3) -> np.ndarray:
    return RANDOM.uniform(-1, 1, (COUNT, height, width, channels)).astype("float32")


def numbers(name: str) -> np.ndarray:
    found = RANDOM.uniform(0, 1, (COUNT, AUGMENTATIONS[name].numbers)).astype("float32")
    found[0], found[1] = 0.0, 1.0  # the ends of the range, which rounding may reach
    return found


def plain_color(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    out = x.astype("float64").copy()
    for one, (b, s, c) in zip(out, u, strict=True):
        rgb = one[..., :3] + (b - 0.5)
        rgb = rgb.mean(axis=2, keepdims=True) + 2 * s * (rgb - rgb.mean(axis=2, keepdims=True))
        one[..., :3] = rgb.mean() + (c + 0.5) * (rgb - rgb.mean())
    return out


def plain_translation(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    out = np.zeros_like(x)
    for new, old, (a, b) in zip(out, x, u, strict=True):
        moves = []
        for size, number in ((x.shape[1], a), (x.shape[2], b)):
            most = int(size / 8 + 0.5)
            moves.append(min(int(number * (2 * most + 1)), 2 * most) - most)
        for row in range(x.shape[1]):
            for column in range(x.shape[2]):
                source = row - moves[0], column - moves[1]
                if 0 <= source[0] < x.shape[1] and 0 <= source[1] < x.shape[2]:
                    new[row, column] = old[source]
    return out


def plain_cutout(x: np.ndarray, u: np.ndarray) -> np.ndarray:
    out = x.copy()
    for new, place in zip(out, u, strict=True):
        spans = []
        for size, number in zip(x.shape[1:3], place, strict=True):
            side = int(size / 2 + 0.5)
            places = size if side % 2 else size + 1
            centre = min(int(number * places), places - 1)
            spans.append(slice(max(0, centre - side // 2), max(0, centre - side // 2 + side)))
        new[spans[0], spans[1]] = 0
    return out


PLAIN = {"color": plain_color, "translation": plain_translation, "cutout": plain_cutout}
NAMES = pytest.mark.parametrize("name", AUGMENTATIONS)


@NAMES
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_it_equals_plain_numpy(name: str, jit: bool, channels: int) -> None:
    x, u = images(channels=channels), numbers(name)
    if name == "color" and channels == 1:
        expected = plain_color(np.repeat(x, 3, axis=3), u)[..., :1]
    else:
        expected = PLAIN[name](x, u)
    found = tf.function(AUGMENTATIONS[name].transform, jit_compile=jit)(tf.constant(x), tf.constant(u))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 if name == "color" else 0)


@pytest.mark.parametrize("size", [4, 5, 6, 7, 8])
def test_cutout_reaches_both_borders_alike(size: int) -> None:
    """Over all places of the square the first line is covered as often as the last."""
    count = 10_000
    places = np.stack([(np.arange(count) + 0.5) / count, np.full(count, 0.5)], axis=1).astype("float32")
    cut = AUGMENTATIONS["cutout"].transform(tf.ones([count, size, 1, 1]), tf.constant(places)).numpy()[:, :, 0, 0] == 0
    assert cut.any(axis=1).all()
    np.testing.assert_allclose(cut.mean(axis=0), cut.mean(axis=0)[::-1], atol=2e-4)


@NAMES
def test_the_gradient_is_that_of_a_linear_map(name: str) -> None:
    """Each is affine in the images, so that the gradient gives the change exactly."""
    x, other, u = (tf.constant(value) for value in (images(), images(), numbers(name)))
    transform = AUGMENTATIONS[name].transform
    weights = tf.constant(images())
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = tf.reduce_sum(weights * transform(x, u))
    change = tf.reduce_sum(weights * transform(other, u)) - value
    np.testing.assert_allclose(tf.reduce_sum(tape.gradient(value, x) * (other - x)), change, rtol=1e-3)


def at(step: int) -> GenerationNoise:
    return GenerationNoise(Latent(3), 5, tf.constant(step, tf.int64), tf.constant(0, tf.int64))


def test_randomness_is_a_function_of_seed_step_and_use() -> None:
    x, names = tf.constant(images()), tuple(AUGMENTATIONS)
    first = augment_fn(names, at(3), EVALUATION_FAKE)(x).numpy()
    np.testing.assert_array_equal(first, augment_fn(names, at(3), EVALUATION_FAKE)(x).numpy())
    others = [augment_fn(names, at(3), use)(x).numpy() for use in range(USES) if use != EVALUATION_FAKE]
    others += [augment_fn(names, at(4), EVALUATION_FAKE)(x).numpy(), augment_fn(names, at(3), EVALUATION_FAKE, 1)(x)]
    assert not any(np.array_equal(first, other) for other in others)
    np.testing.assert_array_equal(augment_fn((), at(3), EVALUATION_FAKE)(x), x)


def test_what_cannot_be_augmented_is_refused() -> None:
    with pytest.raises(InputError, match="^augmentations: unknown value 'colour'.*did you mean 'color'"):
        check_augmentations(("colour",), (8, 8, 3))
    with pytest.raises(InputError, match="^augmentations: names one twice"):
        check_augmentations(("color", "color"), (8, 8, 3))
    with pytest.raises(InputError, match="^augmentations: takes images"):
        check_augmentations(("color",), (2,))
    with pytest.raises(InputError, match="^augmentations: takes images"):
        EGAN(build_generator("mlp", (2,), 3, 4), build_discriminator("mlp", (2,), 4), augmentations=("cutout",))


@pytest.mark.parametrize(
    ("reuse", "settings"),
    [
        (True, {"r1_weight": 0.2, "r2_weight": 0.1}),
        (False, {"r1_weight": 0.2}),
        pytest.param(True, {}, marks=pytest.mark.slow),
        pytest.param(False, {}, marks=pytest.mark.slow),
    ],
)
def test_everything_that_the_discriminator_sees_is_augmented(reuse: bool, settings: dict[str, Any]) -> None:
    """A generation of one relativistic child beside a plain loop that augments every batch before the discriminator."""
    keras.utils.set_random_seed(1)
    shape, batch, names = (8, 8, 3), 6, tuple(AUGMENTATIONS)
    egan = EGAN(
        build_generator("mlp", shape, 3, 8),
        build_discriminator("mlp", shape, 8),
        mutations=("relativistic",),
        discriminator_loss="relativistic",
        augmentations=names,
        reuse_evaluation_batch=reuse,
        **settings,
    )
    egan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1), jit_compile=False)
    copies = [keras.models.clone_model(network) for network in (egan.generator, egan.discriminator)]
    for copy, network in zip(copies, (egan.generator, egan.discriminator), strict=True):
        copy.set_weights(network.get_weights())
    generator, discriminator = copies
    real = RANDOM.uniform(-1, 1, (egan.samples_per_generation(batch), *shape)).astype("float32")
    egan.train_on_batch(real)

    noise = GenerationNoise(egan.latent, 0, tf.constant(0, tf.int64), tf.constant(0, tf.int64))

    def seen(x: Any, use: int) -> tf.Tensor:
        return augment_fn(names, noise, use)(tf.convert_to_tensor(x))

    def loss(fake: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.nn.softplus(discriminator(fake) - discriminator(other)))

    first, last = real[:batch], real[-batch:]
    with tf.GradientTape() as tape:
        fake = generator(noise.latents(batch, 0))
        value = loss(seen(first, MUTATION_REAL), seen(fake, MUTATION_FAKE))
    keras.optimizers.SGD(0.1).apply(tape.gradient(value, generator.trainable_variables), generator.trainable_variables)

    uses = (EVALUATION_FAKE, EVALUATION_REAL) if reuse else (FRESH_FAKE, FRESH_REAL)
    fake = generator(noise.latents(batch, 1 if reuse else 2))
    last = tf.constant(first if reuse else last)
    with tf.GradientTape() as tape:
        value = loss(seen(fake, uses[0]), seen(last, uses[1]))
        for weight, x, use in ((settings.get("r1_weight"), last, uses[1]), (settings.get("r2_weight"), fake, uses[0])):
            if weight:
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    total = tf.reduce_sum(discriminator(seen(x, use)))
                value += 0.5 * weight * tf.reduce_sum(inner.gradient(total, x) ** 2) / batch
    weights = discriminator.trainable_variables
    keras.optimizers.SGD(0.1).apply(tape.gradient(value, weights), weights)
    for ours, plain in ((egan.generator, generator), (egan.discriminator, discriminator)):
        for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
