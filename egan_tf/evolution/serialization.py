"""Converts an EGAN to and from Keras configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from egan_tf.evolution.gamma import FIELD as GAMMA
from egan_tf.evolution.naming import name_of
from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.evolution.trainable_flags import TrainableFlags, lost_flags, set_flags
from egan_tf.utils.checks import InputError, first_line
from egan_tf.utils.registries import load_registry
from egan_tf.utils.settings import settings_of

NETWORKS = ("generator", "discriminator")
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
FLAGS = "trainable_flags"
"""What is frozen in networks whose configurations lose it; the others have no such entry."""
# Settings that may hold functions or objects, by the registry of those that have names.
OBJECTS = {name: declared.registry for name, declared in settings_of(EvolutionSettings).items() if declared.functions}


def model_config(egan: keras.Model) -> dict[str, Any]:
    """The constructor's arguments; functions among them must be registered with Keras to be saved.

    Raises:
        InputError: one is not; it could not be loaded.
    """
    settings = dict(egan.settings)
    registries: dict[str, Any] = {name: load_registry(registry) for name, registry in OBJECTS.items()}
    serialized = {name: _serialized(name, settings[name], registry) for name, registry in registries.items()}
    gamma = _serialized(GAMMA, settings[GAMMA], {}) if callable(settings[GAMMA]) else egan.gamma
    networks = {name: keras.saving.serialize_keras_object(getattr(egan, name)) for name in NETWORKS}
    lost = {name: lost_flags(getattr(egan, name), config) for name, config in networks.items()}
    flags = {name: found._asdict() for name, found in lost.items() if found is not None}
    also = {FLAGS: flags} if flags else {}
    return {"name": egan.name, **networks, **settings, **serialized, GAMMA: gamma, **also}


def constructor_arguments(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> dict[str, Any]:
    """The arguments that `model_config` describes."""
    objects = [name for name in (*NETWORKS, *OBJECTS, GAMMA) if isinstance(config.get(name), dict | list | tuple)]
    arguments = config | {name: keras.saving.deserialize_keras_object(config[name], custom_objects) for name in objects}
    for name, flags in arguments.pop(FLAGS, {}).items():
        set_flags(arguments[name], TrainableFlags(**flags))
    return arguments


def compile_config(egan: keras.Model, jit_compile: bool | str) -> dict[str, Any]:
    """The arguments of `compile`.

    Raises:
        InputError: an optimizer, or its schedule, is not registered with Keras; it could not be loaded.
    """
    optimizers = {name: _serialized(name, getattr(egan, name), {}) for name in OPTIMIZERS}
    options = {"steps_per_execution": egan.steps_per_execution, "run_eagerly": egan.run_eagerly}
    return {**optimizers, "jit_compile": jit_compile, **options}


def compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments that `compile_config` describes."""
    return config | {name: keras.saving.deserialize_keras_object(config[name]) for name in OPTIMIZERS}


def _name_in(registry: Mapping[str, Any], value: Any) -> str | None:
    """The name of a function in a registry: its own, if it has several there, as `hinge` has; None if it has none."""
    names = [name for name, known in registry.items() if known is value]
    return next((name for name in names if name == name_of(value)), next(iter(names), None))


def _serialized(field: str, value: Any, registry: Mapping[str, Any]) -> Any:
    """The configuration of functions and objects; a name stays, or becomes, a name."""
    if isinstance(value, tuple):
        return keras.saving.serialize_keras_object(tuple(_serialized(field, part, registry) for part in value))
    if isinstance(value, Mapping):
        return {key: _serialized(field, part, registry) for key, part in value.items()}
    if isinstance(value, str):
        return value
    return _name_in(registry, value) or _serialized_object(field, value)


def _serialized_object(field: str, value: Any) -> Any:
    """The configuration of a function or an object, which Keras can load if it imports the module that has it."""
    try:
        if getattr(value, "__name__", "") == "<lambda>":
            raise TypeError("it has no name")
        config = keras.saving.serialize_keras_object(value)
        loaded = keras.saving.deserialize_keras_object(config)
        # Without a configuration of its own, an object is loaded as its dictionary, and a function as another one.
        same = loaded is value if hasattr(value, "__name__") else type(loaded).__name__ == type(value).__name__
        problem = "" if same else "is loaded as something else"
    except Exception as error:  # the user's get_config may raise anything
        problem = first_line(error).partition(". ")[0]
    if problem:
        raise InputError(
            field,
            f"{name_of(value)} cannot be saved ({problem}); register it, with its own name or class and get_config, by "
            "@keras.saving.register_keras_serializable()",
        )
    return config
