"""All of Keras' callbacks: each does what its name says on a model with two optimizers, or is refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from egan_tf import EGAN, InputError
from egan_tf.evolution.callback_check import REFUSED
from egan_tf.evolution.callbacks import OnOptimizer
from egan_tf.evolution.logs import log_names
from tests.evolution.kinds import BATCH, LATENT, model, samples

X = samples(32)
CLASSES = {name: kind for name, kind in vars(keras.callbacks).items() if inspect.isclass(kind)}
RATES = (0.5, 0.125)


class Watch(keras.callbacks.Callback):
    """Notes what it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[dict[str, Any]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epochs.append(dict(logs or {}))


WORKING: dict[str, Callable[[Path], keras.callbacks.Callback]] = {
    "BackupAndRestore": lambda path: keras.callbacks.BackupAndRestore(path / "backup"),
    "CSVLogger": lambda path: keras.callbacks.CSVLogger(path / "log.csv"),
    "Callback": lambda path: keras.callbacks.Callback(),
    "CallbackList": lambda path: keras.callbacks.CallbackList([Watch()], add_history=True),
    "EarlyStopping": lambda path: keras.callbacks.EarlyStopping("fitness", mode="max", restore_best_weights=True),
    "History": lambda path: keras.callbacks.History(),
    "LambdaCallback": lambda path: keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None),
    "LearningRateScheduler": lambda path: keras.callbacks.LearningRateScheduler(
        lambda epoch, rate: rate / 2, verbose=1
    ),
    "ModelCheckpoint": lambda path: keras.callbacks.ModelCheckpoint(
        path / "{epoch}-{fitness:.2f}.keras", "fitness", mode="max", save_best_only=True
    ),
    "ProgbarLogger": lambda path: keras.callbacks.ProgbarLogger(),
    "ReduceLROnPlateau": lambda path: keras.callbacks.ReduceLROnPlateau("fitness", mode="max", patience=1, verbose=1),
    "RemoteMonitor": lambda path: keras.callbacks.RemoteMonitor("http://localhost:1"),
    "TensorBoard": lambda path: keras.callbacks.TensorBoard(
        path, histogram_freq=1, write_images=True, write_steps_per_second=True, update_freq=1
    ),
    "TerminateOnNaN": lambda path: keras.callbacks.TerminateOnNaN(),
}


def train(egan: EGAN, callbacks: Any, epochs: int = 2, **words: Any) -> keras.callbacks.History:
    return egan.fit(X, batch_size=BATCH, epochs=epochs, callbacks=callbacks, verbose=0, **words)


def refusal(egan: EGAN, callbacks: Any) -> str:
    with pytest.raises(InputError) as error:
        train(egan, callbacks)
    assert egan.generation.numpy() == 0
    assert "\n" not in str(error.value)
    return str(error.value)


def with_rates(*rates: Any) -> EGAN:
    egan = model()
    egan.compile(*map(keras.optimizers.SGD, rates), jit_compile=False)
    return egan


def rates(egan: EGAN) -> tuple[float, float]:
    return float(egan.generator_optimizer.learning_rate), float(egan.discriminator_optimizer.learning_rate)


@pytest.fixture(scope="module")
def untrained() -> EGAN:
    """A model that every test leaves as it is."""
    return model()


@pytest.fixture(scope="module")
def trained() -> EGAN:
    """A model whose train function is traced once."""
    return model()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_works_or_is_refused(name: str, tmp_path: Path, trained: EGAN, untrained: EGAN) -> None:
    if name in REFUSED:
        refused = CLASSES[name].__new__(CLASSES[name])  # its own requirements need not be installed
        assert refusal(untrained, [refused]).startswith(f"callbacks: {name} ")
        return
    before = int(trained.generation.numpy())
    try:
        history = train(trained, [WORKING[name](tmp_path)] if name != "CallbackList" else WORKING[name](tmp_path))
    except OSError:  # RemoteMonitor without its own requirement
        raise
    assert trained.generation.numpy() > before
    assert "fitness" in history.history


@pytest.mark.parametrize("size", [1, 2])
def test_the_logs_have_the_names_that_are_told(size: int) -> None:
    assert set(log_names(size)) == set(train(model(population_size=size), None, epochs=1).history)


# -- learning rates ----------------------------------------------------------------------------------------------


def plateau(**options: Any) -> keras.callbacks.Callback:
    """Finds no improvement in any epoch after the first."""
    return keras.callbacks.ReduceLROnPlateau(
        "discriminator_loss", factor=0.5, patience=1, mode="min", min_delta=1e9, **options
    )


def halving() -> keras.callbacks.Callback:
    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)


@pytest.mark.parametrize("make", [halving, plateau])
def test_each_optimizer_follows_its_own_rate(make: Any) -> None:
    egan = with_rates(*RATES)
    history = train(egan, make(), epochs=3).history
    assert rates(egan) == tuple(rate / 4 for rate in RATES)
    assert len(history["generator_learning_rate"]) == len(history["discriminator_learning_rate"]) == 3
    assert history["generator_learning_rate"][0] == RATES[0]
    assert history["discriminator_learning_rate"][0] == RATES[1]


@pytest.mark.parametrize("name", ["generator_optimizer", "discriminator_optimizer"])
@pytest.mark.parametrize("make", [halving, plateau])
def test_one_optimizer_may_be_named(make: Any, name: str) -> None:
    egan = with_rates(*RATES)
    history = train(egan, [OnOptimizer(make(), name)], epochs=2).history
    chosen = name == "generator_optimizer"
    assert rates(egan) == ((RATES[0] / 2, RATES[1]) if chosen else (RATES[0], RATES[1] / 2))
    assert ("generator_learning_rate" in history) == chosen
    assert ("discriminator_learning_rate" in history) != chosen


def test_the_two_have_patience_of_their_own() -> None:
    egan = with_rates(*RATES)
    train(egan, plateau(min_lr=RATES[1], cooldown=1), epochs=4)
    assert rates(egan) == (RATES[0] / 4, RATES[1]), "the discriminator's rate is at its minimum from the start"


def test_a_rate_of_zero_ends_learning() -> None:
    egan = with_rates(*RATES)
    train(egan, None, epochs=1)
    before = [value.numpy() for value in (*egan.generator.trainable_variables, *egan.discriminator.trainable_variables)]
    train(egan, keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.0), epochs=1)
    after = [value.numpy() for value in (*egan.generator.trainable_variables, *egan.discriminator.trainable_variables)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_that_follows_a_schedule_is_refused() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    for pair, field in (((schedule, 0.1), "generator_optimizer"), ((0.1, schedule), "discriminator_optimizer")):
        egan = with_rates(*pair)
        assert refusal(egan, halving()).startswith(f"{field}: follows a schedule")
        assert refusal(egan, [OnOptimizer(plateau(), field)]).startswith(f"{field}: follows a schedule")
        with pytest.raises(InputError, match=f"^{field}: follows a schedule"):
            egan.optimizer.learning_rate = 0.5
    other = with_rates(schedule, RATES[1])
    train(other, OnOptimizer(halving(), "discriminator_optimizer"))
    assert float(other.discriminator_optimizer.learning_rate) == RATES[1] / 2


def test_a_callback_of_ones_own_sees_both_as_one() -> None:
    class Own(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.model.optimizer.learning_rate = float(self.model.optimizer.learning_rate) / 2
            self.iterations = int(self.model.optimizer.iterations)

    egan, own = with_rates(*RATES), Own()
    train(egan, own)
    assert rates(egan) == (RATES[0] / 4, RATES[0] / 4)
    assert own.iterations == 2
    with pytest.raises(InputError, match="^optimizer: cannot be set"):
        egan.optimizer = keras.optimizers.Adam()
    with pytest.raises(InputError, match="^optimizer: "):
        OnOptimizer(own, "adam")


# -- metrics that do not exist -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        keras.callbacks.EarlyStopping,
        keras.callbacks.ReduceLROnPlateau,
        lambda **words: keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True, **words),
        lambda **words: OnOptimizer(keras.callbacks.ReduceLROnPlateau(**words), "generator_optimizer"),
    ],
    ids=["EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint", "OnOptimizer"],
)
def test_a_metric_that_does_not_exist_is_refused_with_those_that_do(make: Any, untrained: EGAN) -> None:
    for words in ({}, {"monitor": "loss"}, {"monitor": "fitness_7", "mode": "max"}):
        message = refusal(untrained, make(**words))
        assert "which does not exist" in message
        assert all(name in message for name in log_names(1))
    assert "mode='max'" in refusal(untrained, make(monitor="fitness"))


def test_a_path_with_a_metric_that_does_not_exist_is_refused(untrained: EGAN, tmp_path: Path) -> None:
    message = refusal(untrained, keras.callbacks.ModelCheckpoint(tmp_path / "{val_loss:.2f}.keras"))
    assert "'val_loss', which does not exist" in message


@pytest.mark.parametrize("path", ["{}.keras", "{0}.keras", "{epoch:zz}.keras", "{epoch.name}.keras", "{epoch.keras"])
def test_a_path_that_cannot_be_formatted_is_refused(path: str, untrained: EGAN) -> None:
    assert "the path of ModelCheckpoint cannot be formatted" in refusal(
        untrained, keras.callbacks.ModelCheckpoint(path)
    )


def test_callbacks_before_may_add_metrics() -> None:
    def add(epoch: int, logs: dict[str, float]) -> None:
        logs["distance"] = -float(epoch)

    watch = Watch()
    stop = keras.callbacks.EarlyStopping("distance", mode="max", patience=1)
    rate = keras.callbacks.EarlyStopping("generator_learning_rate", mode="max", patience=9)
    train(model(), [keras.callbacks.LambdaCallback(on_epoch_end=add), halving(), rate, watch, stop], epochs=5)
    assert len(watch.epochs) == 2


@pytest.mark.parametrize(
    "callbacks", [print, keras.callbacks.History, ["a"], [None, 3], keras.optimizers.Adam, Watch], ids=repr
)
def test_what_is_no_callback_is_refused(callbacks: Any, untrained: EGAN) -> None:
    assert refusal(untrained, callbacks).startswith("callbacks: must be ")


# -- what they do ------------------------------------------------------------------------------------------------


def test_nan_of_the_discriminator_terminates() -> None:
    def broken(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(fake_logits) * np.nan

    egan, watch = model(discriminator_loss=broken), Watch()
    train(egan, [keras.callbacks.TerminateOnNaN(), watch], epochs=3)
    assert egan.generation.numpy() == 1
    assert "loss" not in watch.epochs[0], "the logs of others are unchanged"


def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    class Interrupt(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    whole, first, second = model(), model(), model()
    train(whole, None, epochs=4)
    with pytest.raises(KeyboardInterrupt):
        train(first, [keras.callbacks.BackupAndRestore(tmp_path / "backup"), Interrupt()], epochs=4)
    train(second, [keras.callbacks.BackupAndRestore(tmp_path / "backup")], epochs=4)
    assert second.generation.numpy() == whole.generation.numpy()
    for one, other in zip(whole.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_checkpoint_is_the_model(tmp_path: Path) -> None:
    egan = model()
    train(egan, keras.callbacks.ModelCheckpoint(tmp_path / "last.keras"), epochs=1)
    loaded = keras.models.load_model(tmp_path / "last.keras")
    noise = np.ones([3, LATENT], "float32")
    np.testing.assert_array_equal(egan.predict(noise, verbose=0), loaded.predict(noise, verbose=0))
    assert rates(loaded) == rates(egan)
