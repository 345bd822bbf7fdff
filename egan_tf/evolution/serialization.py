"""Converts an EGAN to and from Keras configurations."""

from __future__ import annotations

from typing import Any

import keras

from egan_tf.evolution.settings import EvolutionSettings
from egan_tf.utils.settings import settings_of

NETWORKS = ("generator", "discriminator")
OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")
# Settings that may hold functions or objects.
OBJECTS = tuple(name for name, declared in settings_of(EvolutionSettings).items() if declared.functions)


def model_config(egan: keras.Model) -> dict[str, Any]:
    """The constructor's arguments; functions among them must be registered with Keras to be saved."""
    settings = dict(egan.settings)
    serialized = {name: keras.saving.serialize_keras_object(settings[name]) for name in OBJECTS}
    networks = {name: keras.saving.serialize_keras_object(getattr(egan, name)) for name in NETWORKS}
    return {"name": egan.name, **networks, **settings, **serialized}


def constructor_arguments(config: dict[str, Any], custom_objects: dict[str, Any] | None) -> dict[str, Any]:
    """The arguments that `model_config` describes."""
    serialized = (name for name in (*NETWORKS, *OBJECTS) if name in config)
    return config | {name: keras.saving.deserialize_keras_object(config[name], custom_objects) for name in serialized}


def compile_config(egan: keras.Model, jit_compile: bool | str) -> dict[str, Any]:
    """The arguments of `compile`."""
    optimizers = {name: keras.saving.serialize_keras_object(getattr(egan, name)) for name in OPTIMIZERS}
    return {**optimizers, "jit_compile": jit_compile, "steps_per_execution": egan.steps_per_execution}


def compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments that `compile_config` describes."""
    return config | {name: keras.saving.deserialize_keras_object(config[name]) for name in OPTIMIZERS}
