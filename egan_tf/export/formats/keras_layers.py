"""Which layers a receiver of a `.keras` file can load: those of Keras, and those that this package registers."""

from __future__ import annotations

from typing import Any

import keras

import egan_tf.networks
from egan_tf.export.formats.base import FormatError

assert egan_tf.networks.NETWORKS  # imported for the layers that it registers

_FUNCTIONS = ("function", "__lambda__")
"""Classes of functions that are no class of Keras; those of Keras itself are text."""
MAX_NAME = 80
OWN = "egan_tf>"
"""Begins the registered names of this package."""


def check_layers(model: keras.Model) -> None:
    """Refuses layers that only this process knows, and Python code.

    Args:
        model: to be saved.

    Raises:
        FormatError: names the first such layer.
    """
    for layer in [model, *model._flatten_layers(include_self=False)]:
        kind = type(layer).__name__
        if isinstance(layer, keras.layers.Lambda):
            raise FormatError(f"layer {layer.name!r} is a Lambda, Python code that Keras' safe mode does not load")
        if not _is_known(layer):
            raise FormatError(
                f"layer {layer.name!r} of class {kind} is none of Keras or egan_tf, so it cannot be loaded"
            )
    unknown = _unknown_objects(keras.saving.serialize_keras_object(model))
    if unknown:
        raise FormatError(f"{unknown[0]} is none of Keras or egan_tf, so it cannot be loaded")


def _is_known(layer: Any) -> bool:
    return type(layer).__module__.startswith("keras.") or _registered(layer).startswith(OWN)


def _registered(layer: Any) -> str:
    return str(keras.saving.get_registered_name(type(layer)))


def _unknown_objects(config: Any) -> list[str]:
    """The classes and functions that a configuration names, other than those of Keras and of this package."""
    if isinstance(config, dict):
        found = []
        if "class_name" in config and "module" in config:
            module, name = config["module"], str(config.get("registered_name"))
            is_function = config["class_name"] in _FUNCTIONS
            known = name.startswith(OWN) or (not is_function and str(module).partition(".")[0] in ("keras", "builtins"))
            found = [] if known else [str(config["config" if is_function else "class_name"])[:MAX_NAME]]
        return found + [name for value in config.values() for name in _unknown_objects(value)]
    if isinstance(config, (list, tuple)):
        return [name for value in config for name in _unknown_objects(value)]
    return []
