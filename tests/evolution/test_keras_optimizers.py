"""Every Keras optimizer, with every option, moves generator and discriminator as in a plain Keras loop."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution.egan import EGAN
from egan_tf.utils.checks import InputError
from tests.evolution.plain_loop import train_plainly

BATCH, GENERATIONS, LATENT = 8, 5, 3
Make = Callable[[], keras.optimizers.Optimizer]

WRAPPERS = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
CLASSES = {
    name: kind
    for name, kind in vars(keras.optimizers).items()
    if inspect.isclass(kind) and issubclass(kind, keras.optimizers.Optimizer) and name not in WRAPPERS
}
OPTIONS = {
    "clipnorm": {"clipnorm": 0.01},
    "global_clipnorm": {"global_clipnorm": 0.01},
    "clipvalue": {"clipvalue": 0.001},
    "weight_decay": {"weight_decay": 0.1},
    "use_ema": {"use_ema": True, "ema_momentum": 0.5},
    "ema_overwrite_frequency": {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    "accumulation": {"gradient_accumulation_steps": 2},
    "loss_scale_factor": {"loss_scale_factor": 64.0},
    "schedule": {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.02, 2, 0.5)},
    "callable rate": {"learning_rate": lambda: 0.02},
}


def excluding() -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def by_name() -> keras.optimizers.Optimizer:
    kinds = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1), {".*bias": keras.optimizers.Adam(0.01)})
    return keras.optimizers.MultiOptimizer(kinds)


def by_function() -> keras.optimizers.Optimizer:
    sgd, lion = keras.optimizers.SGD(0.1, momentum=0.9), keras.optimizers.Lion(0.01)
    return keras.optimizers.MultiOptimizer(lambda weight: lion if "bias" in weight.path else sgd, loss_scale_factor=8.0)


def member(kind: type, options: dict) -> Make:
    return lambda: kind(**{"learning_rate": 0.01, **options})


# Keras' Muon multiplies float64 weights by a float32 rate, and fails.
DTYPES = {"Muon": "float32"}
MEMBERS: dict[str, Make] = {
    **{name: member(kind, {}) for name, kind in CLASSES.items()},
    **{f"SGD {name}": member(keras.optimizers.SGD, {"momentum": 0.9, **options}) for name, options in OPTIONS.items()},
    **{f"Adam {name}": member(keras.optimizers.Adam, options) for name, options in OPTIONS.items()},
    "Adam amsgrad": member(keras.optimizers.Adam, {"amsgrad": True}),
    "RMSprop centered": member(keras.optimizers.RMSprop, {"centered": True, "momentum": 0.5}),
    "SGD nesterov": member(keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    "AdamW excluding biases": excluding,
    "LossScaleOptimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01)),
    "LossScaleOptimizer accumulation": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.1, gradient_accumulation_steps=2), dynamic_growth_steps=2
    ),
    "LossScaleOptimizer use_ema": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Nadam(0.01, use_ema=True, ema_momentum=0.5)
    ),
}
if hasattr(keras.optimizers, "MultiOptimizer"):  # since Keras 3.14
    MEMBERS |= {"MultiOptimizer map": by_name, "MultiOptimizer function": by_function}


def networks(dtype: str = "float64") -> tuple[keras.Model, keras.Model]:
    """Small networks; in float64 rounding, which Adam and Lion turn into a sign, stays far below the tolerance."""
    dense = keras.layers.Dense
    generator = keras.Sequential(
        [
            keras.Input((LATENT,), dtype=dtype),
            dense(8, "tanh", dtype=dtype, kernel_constraint=keras.constraints.MaxNorm(1.0)),
            dense(2, dtype=dtype, bias_initializer="random_normal"),
        ]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((2,), dtype=dtype),
            dense(8, "tanh", dtype=dtype, kernel_regularizer=keras.regularizers.L2(0.1)),
            dense(1, dtype=dtype),
        ]
    )
    return generator, discriminator


def samples(generations: int = GENERATIONS) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(generations * BATCH, 2)).astype("float32")


def copied(network: keras.Model) -> keras.Model:
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def assert_same_weights(one: keras.Model, other: keras.Model, tolerance: float = 1e-6) -> None:
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def train(egan: EGAN, data: np.ndarray, **options: object) -> None:
    egan.fit(tf.data.Dataset.from_tensor_slices(data).batch(BATCH, drop_remainder=True), verbose=0, **options)


def test_introspection_finds_the_optimizers() -> None:
    assert {"SGD", "Adam", "AdamW", "Lion", "Adafactor", "Lamb", "Ftrl"} <= set(CLASSES)
    assert len(CLASSES) >= 12


def slow_unless(names: tuple[str, ...]) -> list:
    return [pytest.param(name, marks=() if name in names else pytest.mark.slow) for name in MEMBERS]


# Of many members the tests in every run take one of each kind; all of them are among the slow ones.
QUICK = ("Adam", "Lion", "ScheduleFreeAdamW", "Adam accumulation")
QUICK += ("LossScaleOptimizer", "AdamW excluding biases", "MultiOptimizer function")


@pytest.mark.parametrize("name", slow_unless(QUICK))
def test_moves_as_in_a_plain_loop(name: str) -> None:
    keras.utils.set_random_seed(1)
    egan = EGAN(*networks(DTYPES.get(name, "float64")), mutations=["heuristic"])
    plain = copied(egan.generator), copied(egan.discriminator)
    egan.compile(MEMBERS[name](), MEMBERS[name]())
    train(egan, samples())
    start = plain[0].get_weights()
    train_plainly(egan, *plain, (MEMBERS[name](), MEMBERS[name]()), samples(), GENERATIONS, BATCH)
    assert max(abs(a - b).max() for a, b in zip(start, plain[0].get_weights(), strict=True)) > 1e-5
    assert_same_weights(egan.generator, plain[0])
    assert_same_weights(egan.discriminator, plain[1])
    assert_same_weights(egan.individual(0), plain[0])


DIFFERENT = ("ScheduleFreeAdamW",)


@pytest.mark.parametrize("name", slow_unless(DIFFERENT))
def test_individuals_of_a_population_move_as_alone(name: str) -> None:
    """Two parents with a child each: every generator moves as if it were alone against the same discriminator."""
    keras.utils.set_random_seed(1)
    pair = EGAN(*networks(DTYPES.get(name, "float64")), mutations=["heuristic"], population_size=2)
    starts = [pair.individual(rank) for rank in range(2)]
    # A discriminator that does not move is the same for a pair and for one alone.
    pair.compile(MEMBERS[name](), keras.optimizers.SGD(0.0))
    train(pair, samples())
    for start in starts:
        keras.utils.set_random_seed(1)
        alone = EGAN(start, copied(pair.discriminator), mutations=["heuristic"])
        alone.compile(MEMBERS[name](), keras.optimizers.SGD(0.0))
        train(alone, samples())
        distances = [
            max(abs(a - b).max() for a, b in zip(alone.generator.get_weights(), one.get_weights(), strict=True))
            for one in (pair.individual(0), pair.individual(1))
        ]
        assert min(distances) < 1e-6


@pytest.mark.parametrize("name", slow_unless(DIFFERENT))
def test_compiling_again_with_the_same_objects_starts_again(name: str) -> None:
    """A notebook cell run twice: the second training equals one with new optimizers."""
    keras.utils.set_random_seed(1)
    egan = EGAN(*networks(DTYPES.get(name, "float64")), mutations=["heuristic"])
    optimizers = MEMBERS[name](), MEMBERS[name]()
    egan.compile(*optimizers)
    train(egan, samples())
    again = EGAN(copied(egan.generator), copied(egan.discriminator), mutations=["heuristic"])
    egan.compile(*optimizers)
    egan.generation.assign(0)
    train(egan, samples())
    again.compile(MEMBERS[name](), MEMBERS[name]())
    train(again, samples())
    assert egan.generator_optimizer is optimizers[0]
    assert_same_weights(egan.generator, again.generator, 1e-9)
    assert_same_weights(egan.discriminator, again.discriminator, 1e-9)


def test_weights_can_be_excluded_from_weight_decay() -> None:
    egan = EGAN(*networks(), mutations=["heuristic"])
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    last = egan.generator.trainable_variables[-1]
    optimizer.exclude_from_weight_decay(var_list=[last])
    plain = copied(egan.generator), copied(egan.discriminator)
    theirs = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    theirs.exclude_from_weight_decay(var_list=[plain[0].trainable_variables[-1]])
    egan.compile(optimizer, keras.optimizers.SGD(0.1))
    train(egan, samples())
    train_plainly(egan, *plain, (theirs, keras.optimizers.SGD(0.1)), samples(), GENERATIONS, BATCH)
    assert_same_weights(egan.generator, plain[0])


class Stubborn(keras.optimizers.SGD):
    """An optimizer that cannot be made from its configuration."""

    def __init__(self, rate: float, secret: object) -> None:
        super().__init__(rate)
        self.secret = secret


def test_an_optimizer_without_configuration_works_once() -> None:
    egan = EGAN(*networks())
    optimizer = Stubborn(0.1, object())
    egan.compile(optimizer, keras.optimizers.SGD(0.1))
    train(egan, samples())
    with pytest.raises(InputError, match="generator_optimizer: was built already.*pass a new one"):
        egan.compile(optimizer, keras.optimizers.SGD(0.1))


@pytest.mark.parametrize("choice", [3, "no such optimizer", keras.layers.Dense, {}], ids=str)
@pytest.mark.parametrize("field", ["generator_optimizer", "discriminator_optimizer"])
def test_what_is_no_optimizer_is_refused(field: str, choice: object) -> None:
    with pytest.raises(InputError, match=f"{field}: must be a Keras optimizer"):
        EGAN(*networks()).compile(**{field: choice})
