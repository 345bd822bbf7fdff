"""Optimizers that scale the loss for networks in float16, and optimizers that cannot serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf.evolution import functional_optimizer
from egan_tf.evolution.callbacks import OnOptimizer
from egan_tf.evolution.egan import EGAN
from egan_tf.utils.checks import InputError
from tests.evolution.plain_loop import train_plainly
from tests.evolution.test_keras_optimizers import (
    BATCH,
    GENERATIONS,
    LATENT,
    assert_same_weights,
    by_name,
    copied,
    networks,
    samples,
    train,
)


def half() -> tuple[keras.Model, keras.Model]:
    policy = "mixed_float16"
    dense = keras.layers.Dense
    generator = keras.Sequential([keras.Input((LATENT,)), dense(8, "tanh", dtype=policy), dense(2, dtype="float32")])
    discriminator = keras.Sequential([keras.Input((2,)), dense(8, "tanh", dtype=policy), dense(1, dtype="float32")])
    return generator, discriminator


def test_float16_trains_with_loss_scaling() -> None:
    keras.utils.set_random_seed(1)
    egan = EGAN(*half(), mutations=["heuristic"])
    plain = copied(egan.generator), copied(egan.discriminator)
    egan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    for optimizer in (egan.generator_optimizer, egan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    train(egan, samples())
    scaling = [keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)) for _ in range(2)]
    train_plainly(egan, *plain, (scaling[0], scaling[1]), samples(), GENERATIONS, BATCH)
    # Gradients are rounded to 11 bits, in another order of operations.
    assert_same_weights(egan.generator, plain[0], 1e-4)
    assert_same_weights(egan.discriminator, plain[1], 1e-4)


def use_ema() -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=0.9)


@pytest.mark.parametrize(
    ("words", "optimizer"),
    [({"burn_in": 10}, keras.optimizers.Adam), ({"slots": "objective"}, use_ema), ({}, lambda: "adam2")],
)
def test_a_model_whose_compile_was_refused_is_not_compiled(words: dict[str, Any], optimizer: Any) -> None:
    egan = EGAN(*networks("float32"), **words)
    with pytest.raises(InputError):
        egan.compile(optimizer())
    with pytest.raises(InputError, match="^compile: must be called before fit"):
        train(egan, samples())


def test_a_compiled_model_goes_on_after_a_compile_that_was_refused() -> None:
    egan = EGAN(*networks("float32"), slots="objective")
    egan.compile(jit_compile=False)
    with pytest.raises(InputError):
        egan.compile(use_ema())
    train(egan, samples())
    assert int(egan.generation.numpy()) == GENERATIONS


@pytest.mark.parametrize("averaged", ["generator", "discriminator"])
def test_callbacks_see_the_averages_at_the_end_of_training(averaged: str) -> None:
    """As those of any Keras model with `use_ema`."""
    seen = []
    egan = EGAN(*networks("float32"), mutations=["heuristic"])
    egan.compile(**{f"{averaged}_optimizer": use_ema()}, jit_compile=False)
    network = getattr(egan, averaged)
    look = keras.callbacks.LambdaCallback(on_train_end=lambda logs: seen.append(network.get_weights()))
    before = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(network.get_weights()))
    egan.fit(samples(), batch_size=BATCH, verbose=0, callbacks=[look, before])
    assert all(np.array_equal(a, b) for a, b in zip(seen[1], network.get_weights(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(seen[0], seen[1], strict=True))


def test_overflow_lowers_the_loss_scale() -> None:
    egan = EGAN(*half(), mutations=["heuristic"])
    scaling = [keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**24) for _ in range(2)]
    egan.compile(*scaling)
    start = [network.get_weights() for network in (egan.generator, egan.discriminator)]
    train(egan, samples(40))
    assert int(egan.population.failures.skipped_discriminator_steps) > 0
    assert float(scaling[1].dynamic_scale.numpy()) < 2.0**24
    for network, before in zip((egan.generator, egan.discriminator), start, strict=True):
        assert max(abs(a - b).max() for a, b in zip(network.get_weights(), before, strict=True)) > 1e-3


class Hiding(keras.optimizers.SGD):
    """An optimizer whose state Keras does not see."""

    def build(self, variables: list) -> None:
        super().build(variables)
        count = keras.Variable(0.0)
        self._count = lambda: count

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        self._count().assign_add(1.0)
        super().update_step(gradient, variable, learning_rate)


def test_state_that_keras_does_not_see_is_refused() -> None:
    egan = EGAN(*networks())
    egan.compile(Hiding(0.1), keras.optimizers.SGD(0.1))
    with pytest.raises(InputError, match="^optimizer: Hiding assigns to a variable that its `variables` do not list"):
        train(egan, samples())


def test_an_unknown_method_of_keras_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = next(kind for kind in keras.optimizers.Optimizer.__mro__ if kind.__name__ == "TFOptimizer")
    monkeypatch.setattr(kind, "_clip_gradients", lambda self, grads: grads, raising=False)
    with pytest.raises(RuntimeError, match=r"does not know \(_clip_gradients\)"):
        functional_optimizer._check_keras()


def test_an_optimizer_that_another_model_took_is_noticed() -> None:
    one, other = EGAN(*networks()), EGAN(*networks())
    generators, discriminators = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
    one.compile(generators, discriminators)
    other.compile(generators, keras.optimizers.SGD(0.1))
    with pytest.raises(InputError, match="^generator_optimizer: was compiled into another model since"):
        train(one, samples())


@pytest.mark.parametrize("make", [networks, half])
@pytest.mark.parametrize("wrap", [lambda adam: adam, keras.optimizers.LossScaleOptimizer], ids=["same", "wrapped"])
def test_both_networks_have_optimizers_of_their_own(make: Any, wrap: Any) -> None:
    adam = keras.optimizers.Adam()
    with pytest.raises(InputError, match="^discriminator_optimizer: must not be the generator's optimizer object"):
        EGAN(*make()).compile(adam, wrap(adam))


@pytest.mark.parametrize("side", ["generator_optimizer", "discriminator_optimizer"])
@pytest.mark.parametrize("wrap", [lambda sgd: sgd, keras.optimizers.LossScaleOptimizer], ids=["same", "wrapped"])
def test_a_schedule_that_is_assigned_after_compile_is_refused(side: str, wrap: Any, tmp_path: Path) -> None:
    egan = EGAN(*networks())
    egan.compile(wrap(keras.optimizers.SGD(0.1)), wrap(keras.optimizers.SGD(0.1)), jit_compile=False)
    train(egan, samples())
    before = int(egan.generation.numpy())
    getattr(egan, side).learning_rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    for call in (lambda: train(egan, samples()), lambda: egan.save(tmp_path / "egan.keras")):
        with pytest.raises(InputError, match=f"^{side}: has other variables since compile, .* call compile again"):
            call()
    assert int(egan.generation.numpy()) == before


@pytest.mark.skipif(not hasattr(keras.optimizers, "MultiOptimizer"), reason="since Keras 3.14")
@pytest.mark.parametrize(
    "wrap", [lambda several: several, keras.optimizers.LossScaleOptimizer], ids=["same", "wrapped"]
)
def test_a_callback_that_sets_one_of_several_rates_is_refused(wrap: Any) -> None:
    egan = EGAN(*networks())
    egan.compile(keras.optimizers.SGD(0.1), wrap(by_name()), jit_compile=False)
    for callback in (
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate),
        keras.callbacks.ReduceLROnPlateau("fitness", mode="max"),
    ):
        with pytest.raises(InputError, match="^discriminator_optimizer: MultiOptimizer has several learning rates"):
            egan.fit(samples(), batch_size=BATCH, callbacks=[callback], verbose=0)
    on_one = OnOptimizer(keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2), "generator_optimizer")
    egan.fit(samples(), batch_size=BATCH, callbacks=[on_one], verbose=0)
    assert float(egan.generator_optimizer.learning_rate) == pytest.approx(0.05)
