"""Keras' callbacks on a model with two optimizers and no single loss."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import keras

from egan_tf.evolution.both_optimizers import NAMES, check_rate_can_be_set
from egan_tf.utils.checks import one_of

HOOKS = tuple(name for name in dir(keras.callbacks.Callback) if name.startswith("on_"))
RATE = "learning_rate"

SetsRate = keras.callbacks.LearningRateScheduler | keras.callbacks.ReduceLROnPlateau


class Delegate(keras.callbacks.Callback):
    """A callback that hands what Keras calls on to another one."""

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        """Takes the callback; hooks that it lacks are left out here too, as Keras prepares logs for the others."""
        super().__init__()
        self.callback = callback
        for name in HOOKS:
            inherited = getattr(type(callback), name) is getattr(keras.callbacks.Callback, name)
            if not inherited or name in vars(callback):
                setattr(self, name, getattr(callback, name))

    def set_model(self, model: Any) -> None:
        """Sets the model of both."""
        super().set_model(model)
        self.callback.set_model(model)

    def set_params(self, params: Any) -> None:
        """Sets the parameters of both."""
        super().set_params(params)
        self.callback.set_params(params)


class OnOptimizer(Delegate):
    """A callback that sees one of the two optimizers as `model.optimizer`.

    What it logs as `learning_rate` is logged as `generator_learning_rate` or `discriminator_learning_rate`.
    """

    def __init__(self, callback: keras.callbacks.Callback, optimizer: str) -> None:
        """Takes the callback and the optimizer.

        Args:
            callback: such as a `LearningRateScheduler`.
            optimizer: "generator_optimizer" or "discriminator_optimizer".

        Raises:
            InputError: there is no such optimizer.
        """
        super().__init__(callback)
        self.optimizer = one_of("optimizer", optimizer, NAMES)
        self.on_epoch_end = self._with_its_rate(callback.on_epoch_end)

    def set_model(self, model: Any) -> None:
        """Shows the callback the model with the one optimizer."""
        super().set_model(model)
        self.callback.set_model(_WithOptimizer(model, self.optimizer))

    def check(self, model: keras.Model) -> None:
        """Raises `InputError` if the callback sets the learning rate and the optimizer has a schedule."""
        if isinstance(self.callback, SetsRate):
            check_rate_can_be_set(self.optimizer, getattr(model, self.optimizer))

    def _with_its_rate(self, hook: Callable[..., None]) -> Callable[..., None]:
        name = f"{self.optimizer.removesuffix('_optimizer')}_{RATE}"

        def on_epoch_end(epoch: int, logs: dict[str, Any] | None = None) -> None:
            logs = {} if logs is None else logs
            own = {key: value for key, value in logs.items() if key != RATE}
            hook(epoch, own)
            logs.update({name if key == RATE else key: value for key, value in own.items()})

        return on_epoch_end


class _WithOptimizer:
    """A model with another `optimizer`; in all else the model itself."""

    def __init__(self, model: keras.Model, optimizer: str) -> None:
        vars(self).update(_model=model, optimizer=getattr(model, optimizer))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._model, name, value)


class _DiscriminatorLoss(Delegate):
    """Shows a callback the discriminator's loss as `loss`, which an E-GAN does not have."""

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        super().__init__(callback)
        hook = callback.on_train_batch_end
        self.on_train_batch_end = lambda batch, logs=None: hook(
            batch, {**(logs or {}), "loss": (logs or {}).get("discriminator_loss")}
        )


def adapted(callback: keras.callbacks.Callback) -> list[keras.callbacks.Callback]:
    """A callback as one or several that work on an E-GAN.

    One that sets the learning rate acts on each optimizer: itself on that of the generators, and a copy, which has its
    own patience and its own cooldown, on that of the discriminator.
    """
    if isinstance(callback, SetsRate):
        return [OnOptimizer(one, name) for one, name in zip((callback, copy.copy(callback)), NAMES, strict=True)]
    if isinstance(callback, keras.callbacks.TerminateOnNaN):
        return [_DiscriminatorLoss(callback)]
    return [callback]
