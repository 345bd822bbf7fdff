"""Every kind of Keras network trains as in a plain Keras loop, or is refused before it trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers

from egan_tf.evolution.egan import EGAN
from tests.evolution.plain_loop import train_plainly
from tests.evolution.test_keras_optimizers import BATCH, GENERATIONS, LATENT, assert_same_weights, samples, train

L2, L1 = keras.regularizers.L2(0.5), keras.regularizers.L1(0.5)
OUTPUT = 2
Layer = Callable[[], Any]


class AddsLoss(layers.Layer):
    """Adds a loss in its call, after another layer that it owns."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.inner = layers.Dense(6, "tanh", kernel_regularizer=keras.regularizers.L2(0.3))

    def build(self, shape: Any) -> None:
        self.inner.build(shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        outputs = self.inner(inputs)
        self.add_loss(tf.reduce_mean(tf.square(outputs)))
        return outputs


class Normalizes(layers.Layer):
    """Assigns to its own trainable weight, as SpectralNormalization does, and reads it before and after."""

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(name="kernel", shape=(shape[-1], 6))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        before = inputs @ self.kernel.value
        if training:
            self.kernel.assign(self.kernel.value / tf.norm(self.kernel.value))
        return before + inputs @ self.kernel.value


def nested() -> keras.Model:
    return keras.Sequential([layers.Dense(6, "relu", kernel_regularizer=L1), layers.Dense(6, activity_regularizer=L2)])


def several(*names: str) -> Callable[[], keras.Model]:
    return lambda: keras.Sequential([MEMBERS[name]() for name in names])


MEMBERS = {
    "kernel regularizer": lambda: layers.Dense(6, "tanh", kernel_regularizer=L2),
    "bias regularizer": lambda: layers.Dense(6, "tanh", bias_regularizer=L1, bias_initializer="ones"),
    "activity regularizer": lambda: layers.Dense(6, "tanh", activity_regularizer=L2),
    "ActivityRegularization": lambda: layers.ActivityRegularization(l1=0.1, l2=0.2),
    "orthogonal regularizer": lambda: layers.Dense(
        6, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(factor=0.5)
    ),
    "own regularizer": lambda: layers.Dense(6, kernel_regularizer=lambda kernel: tf.reduce_sum(kernel**4)),
    "add_loss": AddsLoss,
    "nested": nested,
    "SpectralNormalization": lambda: layers.SpectralNormalization(layers.Dense(6, "tanh")),
    "SpectralNormalization with regularizer": lambda: layers.SpectralNormalization(
        layers.Dense(6, "tanh", kernel_regularizer=L2)
    ),
    "own normalization": Normalizes,
    "BatchNormalization": layers.BatchNormalization,
    "BatchNormalization with regularizer": lambda: layers.BatchNormalization(gamma_regularizer=L2),
    "LayerNormalization": layers.LayerNormalization,
    "Dropout": lambda: layers.Dropout(0.5, seed=3),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5, seed=3),
    "not trainable": lambda: layers.Dense(6, "tanh", trainable=False),
    "constraint": lambda: layers.Dense(6, "tanh", kernel_constraint=keras.constraints.UnitNorm()),
    "Lambda": lambda: layers.Lambda(lambda inputs: 2.0 * inputs),
    "gelu": lambda: layers.Activation("gelu"),
    "PReLU": layers.PReLU,
    "UnitNormalization": layers.UnitNormalization,
    "Embedding of a bucket": lambda: keras.Sequential(
        [layers.Discretization(bin_boundaries=[-0.5, 0.0, 0.5]), layers.Embedding(4, 3), layers.Flatten()]
    ),
}
TOGETHER = {
    "layers with losses": several(
        "kernel regularizer", "bias regularizer", "activity regularizer", "add_loss", "nested", "own regularizer"
    ),
    "layers that assign": several("SpectralNormalization with regularizer", "own normalization", "BatchNormalization"),
    "other layers": several("constraint", "Lambda", "PReLU", "gelu", "not trainable", "Dropout", "LayerNormalization"),
}


# Keras' OrthogonalRegularizer fails on float64.
FLOAT32 = ("orthogonal regularizer",)


@pytest.fixture(autouse=True)
def float64(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rounding stays far below the tolerance."""
    precise = not any(name in request.node.name for name in FLOAT32)
    keras.config.set_dtype_policy("float64" if precise else "float32")
    yield
    keras.config.set_dtype_policy("float32")


def networks(generator_layer: Layer | None = None, discriminator_layer: Layer | None = None) -> tuple[Any, Any]:
    def sequence(size: int, layer: Layer | None, outputs: int) -> keras.Model:
        middle = [] if layer is None else [layer()]
        return keras.Sequential([keras.Input((size,)), layers.Dense(6, "tanh"), *middle, layers.Dense(outputs)])

    return sequence(LATENT, generator_layer, OUTPUT), sequence(OUTPUT, discriminator_layer, 1)


def sgd() -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(0.05)


STEPS = {
    "generator": ("generator", True),
    "discriminator, reused batch": ("discriminator", True),
    "discriminator, fresh batch": ("discriminator", False),
}


# A fresh batch makes a difference to layers that assign.
QUICK = [
    (name, step)
    for name in TOGETHER
    for step in STEPS
    if name == "layers that assign" or not step.endswith("fresh batch")
]
ALL = [(name, step) for name in (*TOGETHER, *MEMBERS) for step in STEPS]


@pytest.mark.parametrize(
    ("name", "step"), [pytest.param(*one, marks=() if one in QUICK else pytest.mark.slow) for one in ALL]
)
def test_trains_as_in_a_plain_loop(name: str, step: str) -> None:
    place, reuse = STEPS[step]
    keras.utils.set_random_seed(1)
    make = [networks(**{f"{place}_layer": {**MEMBERS, **TOGETHER}[name]}) for _ in range(2)]
    for ours, theirs in zip(*make, strict=True):
        theirs.set_weights(ours.get_weights())
    egan = EGAN(*make[0], mutations=["heuristic"], reuse_evaluation_batch=reuse)
    egan.compile(sgd(), sgd())
    plain = make[1]
    data = samples(2 * GENERATIONS)
    data = data[: GENERATIONS * egan.samples_per_generation(BATCH)]
    train(egan, data)
    train_plainly(egan, *plain, (sgd(), sgd()), data, GENERATIONS, BATCH)
    assert_same_weights(egan.generator, plain[0])
    assert_same_weights(egan.discriminator, plain[1])


@pytest.mark.parametrize(
    ("name", "ema_decay"),
    [
        ("SpectralNormalization", 0.9),
        ("own normalization", 0.0),
        pytest.param("SpectralNormalization", 0.0, marks=pytest.mark.slow),
        pytest.param("own normalization", 0.9, marks=pytest.mark.slow),
    ],
)
def test_samples_come_from_the_function_that_was_trained(name: str, ema_decay: float) -> None:
    egan = EGAN(*networks(MEMBERS[name]), mutations=["heuristic"], population_size=2, ema_decay=ema_decay)
    egan.compile(sgd(), sgd())
    train(egan, samples(10))
    noise = egan.latent.sample(16, tf.constant([0, 1], tf.int64))
    for position in range(2):
        generator = egan.individual(position)
        sampled = generator(noise, training=False).numpy()
        as_trained = generator(noise, training=True).numpy()
        assert abs(sampled - as_trained).max() < 1e-4 * abs(as_trained).max()
    assert abs(egan.sample(noise).numpy() - egan.best_generator(noise).numpy()).max() < 1e-5
