"""Finds callbacks of Keras that could not do what their names say, before training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import keras

from egan_tf.evolution.both_optimizers import NAMES
from egan_tf.evolution.callbacks import RATE, Delegate, OnOptimizer, SetsRate, adapted
from egan_tf.evolution.logs import log_names
from egan_tf.utils.checks import InputError, first_line, require

# By the names of classes, as not every version of Keras has each.
REFUSED = {
    "SwapEMAWeights": "averages one network's optimizer; set ema_decay, and sample from the averages",
    "OrbaxCheckpoint": "knows a single optimizer; use keras.callbacks.ModelCheckpoint or BackupAndRestore",
}
MONITORS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.ReduceLROnPlateau,
)


def prepare_callbacks(
    callbacks: Any, model: keras.Model, first: Sequence[keras.callbacks.Callback] = ()
) -> list[keras.callbacks.Callback]:
    """The callbacks of the user, checked, in a form that works on an E-GAN.

    Args:
        callbacks: a callback, a list of them, or None.
        model: compiled.
        first: callbacks that come before those of the user.

    Raises:
        InputError: a callback is none, or could not work.
    """
    given = _flat(callbacks)
    metrics = set(log_names(model.settings.population_size))
    # A callback of the user's own may add anything to the logs.
    open_ended = False
    for callback in given:
        _check(callback, metrics, open_ended)
        if isinstance(callback, SetsRate | OnOptimizer):
            metrics.update(f"{name.removesuffix('_optimizer')}_{RATE}" for name in NAMES)
        open_ended |= not type(callback).__module__.startswith("keras.") and not isinstance(callback, Delegate)
        open_ended |= isinstance(callback, keras.callbacks.LambdaCallback)
    ready = [one for callback in given for one in adapted(callback)]
    for one in ready:
        if isinstance(one, OnOptimizer):
            one.check(model)
    return [*first, *ready]


def _flat(callbacks: Any) -> list[keras.callbacks.Callback]:
    if callbacks is None:
        return []
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    given = keras.tree.flatten(callbacks)
    for one in given:
        kind = f"the class {one.__name__}" if isinstance(one, type) else type(one).__name__
        require(
            isinstance(one, keras.callbacks.Callback),
            "callbacks",
            f"must be keras.callbacks.Callback objects, got {kind}",
        )
    return given


def _check(callback: keras.callbacks.Callback, metrics: Iterable[str], open_ended: bool) -> None:
    if isinstance(callback, Delegate):
        callback = callback.callback
    for kind in type(callback).__mro__:
        if kind.__name__ in REFUSED and kind.__module__.startswith("keras."):
            raise InputError("callbacks", f"{kind.__name__} {REFUSED[kind.__name__]}")
    if isinstance(callback, MONITORS) and _uses_monitor(callback):
        _check_monitor(callback, metrics, open_ended)
    if isinstance(callback, keras.callbacks.ModelCheckpoint) and not open_ended:
        _check_path(callback, metrics)


def _uses_monitor(callback: keras.callbacks.Callback) -> bool:
    return not isinstance(callback, keras.callbacks.ModelCheckpoint) or callback.save_best_only


def _check_monitor(callback: Any, metrics: Iterable[str], open_ended: bool) -> None:
    name, known = type(callback).__name__, callback.monitor in {*metrics, *_own_metrics(callback)}
    require(
        known or open_ended,
        "callbacks",
        f"{name} monitors {callback.monitor!r}, which does not exist; there are {', '.join(sorted(metrics))}",
    )
    require(
        callback.mode != "auto",
        "callbacks",
        f"{name} cannot know whether {callback.monitor!r} is better high or low; give mode='max' or mode='min'",
    )


def _own_metrics(callback: Any) -> tuple[str, ...]:
    return (RATE,) if isinstance(callback, SetsRate) else ()


def _check_path(callback: Any, metrics: Iterable[str]) -> None:
    try:
        str(callback.filepath).format(epoch=1, batch=1, **dict.fromkeys(metrics, 0.0))
    except KeyError as error:
        raise InputError(
            "callbacks",
            f"the path of {type(callback).__name__} names {error.args[0]!r}, which does not exist; there are epoch, "
            f"batch, {', '.join(sorted(metrics))}",
        ) from None
    except (IndexError, ValueError, AttributeError, TypeError) as error:
        problem = f"the path of {type(callback).__name__} cannot be formatted: {first_line(error)}; name what goes in"
        raise InputError("callbacks", f"{problem}, such as {{epoch:02d}}, and write a brace twice") from None
