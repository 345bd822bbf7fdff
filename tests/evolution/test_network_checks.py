"""Networks that cannot serve are refused in the constructor; those that Keras cannot clone work."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from egan_tf.evolution.copies import NetworkCopy
from egan_tf.evolution.egan import EGAN
from egan_tf.evolution.map_functions import mixes_samples
from egan_tf.utils.checks import InputError

LATENT, OUTPUT = 3, 2
Make = Callable[[], Any]


def sequence(size: int, *middle: Any, outputs: int, **options: Any) -> keras.Model:
    return keras.Sequential([keras.Input((size,)), layers.Dense(6, "tanh"), *middle, layers.Dense(outputs, **options)])


def generator(*middle: Any) -> keras.Model:
    return sequence(LATENT, *middle, outputs=OUTPUT)


def discriminator(*middle: Any, **options: Any) -> keras.Model:
    return sequence(OUTPUT, *middle, outputs=1, **options)


def two_outputs(size: int, outputs: int) -> keras.Model:
    inputs = keras.Input((size,))
    return keras.Model(inputs, [layers.Dense(outputs)(inputs), layers.Dense(3)(inputs)])


def named_outputs(size: int, outputs: int) -> keras.Model:
    inputs = keras.Input((size,))
    return keras.Model(inputs, {"one": layers.Dense(outputs)(inputs), "two": layers.Dense(3)(inputs)})


def frozen(network: keras.Model) -> keras.Model:
    network.trainable = False
    return network


def weightless(size: int, outputs: int) -> keras.Model:
    return keras.Sequential([keras.Input((size,)), layers.Lambda(lambda inputs: inputs[:, :outputs])])


class Fails(layers.Layer):
    """Raises in its call."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        raise KeyError("no such thing")


class Unbuilt(keras.Model):
    """A subclass, not called yet."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.first, self.last = layers.Dense(6, "tanh"), layers.Dense(outputs)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.last(self.first(inputs, training=training))


def subclass(size: int, outputs: int) -> keras.Model:
    network = Unbuilt(outputs)
    network(tf.zeros([2, size]))
    return network


BOTH: dict[str, tuple[Callable[[int, int], Any], str]] = {
    "two outputs": (two_outputs, "must have one output, this one has 2"),
    "named outputs": (named_outputs, "must have one output, this one has 2"),
    "frozen": (lambda size, outputs: frozen(sequence(size, outputs=outputs)), "has no trainable weights"),
    "without weights": (weightless, "has no trainable weights"),
    "no model": (lambda size, outputs: layers.Dense(outputs), "must be a keras.Model, got Dense"),
    "a function": (lambda size, outputs: lambda inputs: inputs, "must be a keras.Model, got function"),
    "nothing": (lambda size, outputs: None, "must be a keras.Model, got NoneType"),
    "not built": (lambda size, outputs: Unbuilt(outputs), "is not built; call it once"),
    "sequence not built": (lambda size, outputs: keras.Sequential([layers.Dense(outputs)]), "is not built"),
    "three inputs": (
        lambda size, outputs: keras.Model(
            inputs := [keras.Input((size,)) for _ in range(3)], layers.Dense(outputs)(inputs[0])
        ),
        "takes at most two inputs, this one has 3",
    ),
}


@pytest.mark.parametrize("field", ["generator", "discriminator"])
@pytest.mark.parametrize("name", BOTH)
def test_networks_that_cannot_serve_are_refused(name: str, field: str) -> None:
    make, message = BOTH[name]
    size, outputs = (LATENT, OUTPUT) if field == "generator" else (OUTPUT, 1)
    networks = {"generator": generator(), "discriminator": discriminator(), field: make(size, outputs)}
    with pytest.raises(InputError, match=f"^{field}: {message}") as error:
        EGAN(**networks)
    assert "\n" not in str(error.value)


REFUSED: dict[str, tuple[Make, Make, str]] = {
    "noise of images": (
        lambda: keras.Sequential([keras.Input((2, 2)), layers.Flatten(), layers.Dense(2)]),
        discriminator,
        "generator: must take latent noise",
    ),
    "two logits": (generator, lambda: sequence(OUTPUT, outputs=2), "discriminator: must give one logit per sample"),
    "integers": (
        generator,
        lambda: discriminator_with(layers.Lambda(lambda logits: tf.cast(logits > 0, tf.int32))),
        "discriminator: must give floating-point numbers, this one gives int32",
    ),
    "other samples": (generator, lambda: sequence(5, outputs=1), "discriminator: takes samples of shape"),
    "labels on one side": (
        generator,
        lambda: keras.Model(inputs := [keras.Input((OUTPUT,)), keras.Input(())], layers.Dense(1)(inputs[0])),
        "discriminator: must take labels if",
    ),
}


def discriminator_with(last: Any) -> keras.Model:
    return keras.Sequential([keras.Input((OUTPUT,)), layers.Dense(6, "tanh"), layers.Dense(1), last])


@pytest.mark.parametrize("name", REFUSED)
def test_networks_that_do_not_fit_are_refused(name: str) -> None:
    make_generator, make_discriminator, message = REFUSED[name]
    with pytest.raises(InputError, match=f"^{message}"):
        EGAN(make_generator(), make_discriminator())


def test_networks_that_share_layers_are_refused() -> None:
    shared = layers.Dense(4)
    one, other = keras.Input((4,)), keras.Input((4,))
    networks = keras.Model(one, shared(one)), keras.Model(other, layers.Dense(1)(shared(other)))
    with pytest.raises(InputError, match="^discriminator: shares .*kernel with the generator"):
        EGAN(*networks)
    network = generator()
    with pytest.raises(InputError, match="^discriminator: must not be the generator itself"):
        EGAN(network, network)


SQUASHING: dict[str, Make] = {
    **{
        name: lambda name=name: discriminator(activation=name)
        for name in ("sigmoid", "tanh", "hard_sigmoid", "softsign", "softmax", "relu", "relu6", "softplus")
    },
    "Activation layer": lambda: discriminator_with(layers.Activation("sigmoid")),
    "Softmax layer": lambda: discriminator_with(layers.Softmax()),
    "Lambda": lambda: discriminator_with(layers.Lambda(tf.sigmoid)),
    "scaled": lambda: discriminator_with(layers.Lambda(lambda logits: 2 * tf.tanh(logits) - 1)),
    "Reshape after it": lambda: keras.Sequential(
        [keras.Input((OUTPUT,)), layers.Dense(1, "sigmoid"), layers.Reshape((1,))]
    ),
    "function of Keras": lambda: keras.Model(
        inputs := keras.Input((OUTPUT,)), keras.ops.sigmoid(layers.Dense(1)(inputs))
    ),
    "nested": lambda: keras.Sequential(
        [keras.Input((OUTPUT,)), layers.Dense(2), keras.Sequential([layers.Dense(1, "sigmoid")])]
    ),
}


@pytest.mark.parametrize("name", SQUASHING)
def test_a_bounded_end_of_the_discriminator_is_warned_of(name: str) -> None:
    with pytest.warns(UserWarning, match="^discriminator: ends in an? .*, but must give logits"):
        EGAN(generator(), SQUASHING[name]())


UNBOUNDED = {
    "linear": discriminator,
    "sigmoid inside": lambda: discriminator(layers.Dense(3, "sigmoid")),
    "leaky": lambda: discriminator(activation="leaky_relu"),
    "subclass": lambda: subclass(OUTPUT, 1),
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_logits_are_not_warned_of(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EGAN(generator(), UNBOUNDED[name]())


def test_a_layer_that_raises_is_reported_in_one_line() -> None:
    network = Unbuilt(1)
    network(tf.zeros([2, OUTPUT]))
    network.last.call = Fails().call
    with pytest.raises(InputError, match="^discriminator: cannot be called on inputs of shape") as error:
        EGAN(generator(), network)
    assert "\n" not in str(error.value)


class Scaled(layers.Layer):
    """A layer of the user with weights, and without `get_config`."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(name="scale", shape=(shape[-1],), initializer="random_normal")
        self.scale_initializer = keras.initializers.RandomNormal()

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.factor * inputs * self.scale


class Functional(keras.Model):
    """A subclass of a functional model, which computes something else than its graph."""

    def __init__(self, size: int, outputs: int) -> None:
        inputs = keras.Input((size,))
        super().__init__(inputs, layers.Dense(outputs)(layers.Dense(6, "tanh")(inputs)))

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        return 2.0 * super().call(inputs, training=training, mask=mask)


NOT_CLONED: dict[str, Callable[[int, int], Any]] = {
    "subclass": subclass,
    "subclass of functional": Functional,
    "Lambda": lambda size, outputs: sequence(size, layers.Lambda(lambda inputs: 2 * inputs), outputs=outputs),
    "own layer": lambda size, outputs: sequence(size, Scaled(2.0), outputs=outputs),
    "nested subclass": lambda size, outputs: keras.Sequential(
        [keras.Input((size,)), subclass(size, 5), layers.BatchNormalization(), layers.Dense(outputs)]
    ),
}
CLONED: dict[str, Callable[[int, int], Any]] = {
    "sequence built by a call": lambda size, outputs: called(keras.Sequential([layers.Dense(outputs)]), size),
    "function of Keras": lambda size, outputs: keras.Model(
        inputs := keras.Input((size,)), keras.ops.tanh(layers.Dense(outputs)(inputs))
    ),
}
RARE = ("nested subclass", "sequence built by a call")


def called(network: keras.Model, size: int) -> keras.Model:
    network(tf.zeros([4, size]))
    return network


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in RARE else ()) for n in (*NOT_CLONED, *CLONED)]
)
def test_networks_of_every_make_train_and_are_copied(name: str, size: int) -> None:
    make = {**NOT_CLONED, **CLONED}[name]
    egan = EGAN(make(LATENT, OUTPUT), make(OUTPUT, 1), mutations=("heuristic",), population_size=size, seed=1)
    egan.compile(keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01))
    first, last = egan.individual(0), egan.individual(size - 1)
    noise = np.random.default_rng(0).normal(size=(5, LATENT)).astype("float32")
    if size > 1:
        assert np.abs(first(noise) - last(noise)).max() > 1e-3
    assert isinstance(first, NetworkCopy) == (name in NOT_CLONED)
    before = first(noise).numpy()
    egan.fit(np.random.default_rng(0).normal(size=(64, OUTPUT)).astype("float32"), batch_size=16, verbose=0)
    np.testing.assert_array_equal(first(noise), before)
    trained = egan.best_generator(noise).numpy()
    assert np.abs(trained - before).max() > 1e-4
    np.testing.assert_allclose(egan.sample(noise), trained, atol=1e-6)


MIXING: dict[str, tuple[Any, bool]] = {
    "Dense": (lambda inputs: layers.Dense(2, "tanh")(inputs), False),
    "function of Keras": (lambda inputs: inputs - keras.ops.mean(inputs, axis=0, keepdims=True), True),
    "own activation": (
        lambda inputs: layers.Activation(lambda values: values - tf.reduce_mean(values, axis=0))(inputs),
        True,
    ),
    "own activation of a Dense": (lambda inputs: layers.Dense(2, activation=tf.nn.tanh)(inputs), True),
    "axis of the batch": (lambda inputs: layers.LayerNormalization(axis=0)(inputs), True),
    "last axis": (lambda inputs: layers.LayerNormalization()(inputs), False),
    "BatchNormalization": (lambda inputs: layers.BatchNormalization()(inputs), True),
    "nested": (lambda inputs: keras.Sequential([layers.Dense(2), layers.ReLU()])(inputs), False),
    "nested subclass": (lambda inputs: subclass(2, 2)(inputs), True),
}


@pytest.mark.parametrize("name", MIXING)
def test_whether_a_network_mixes_samples(name: str) -> None:
    layer, mixes = MIXING[name]
    inputs = keras.Input((2,), batch_size=4)
    assert mixes_samples(keras.Model(inputs, layers.Dense(1)(layer(inputs)))) == mixes


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    keras.utils.set_random_seed(0)
    yield
