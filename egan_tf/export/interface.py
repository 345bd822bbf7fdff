"""The inputs of a generator: noise, or [noise, labels] in this order; what takes them otherwise is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.architecture import Shape, input_shapes
from egan_tf.utils.checks import InputError, require


def shapes_taken(generator: keras.Model) -> list[Shape] | None:
    """The shapes of one or two inputs; None for a model that does not know them before it is called.

    Raises:
        InputError: it takes more than two inputs, takes them by name, nested, or the labels before the noise.
    """
    declared = getattr(generator, "_inputs_struct", None)  # of a functional model: how it wants them
    given = _built_with(generator) if declared is None else declared
    _check_structure(given, declared is not None)
    try:
        shapes = input_shapes("generator", generator)
    except InputError:
        return None
    require(len(shapes) <= 2, "generator", f"takes {len(shapes)} inputs; noise and labels can be exported")
    if len(shapes) == 2:
        wanted = "wanted are [noise, labels] in this order"
        require(not _is_turned(generator, shapes), "generator", f"takes its labels before the noise; {wanted}")
    return shapes


def _built_with(generator: keras.Model) -> Any:
    """The shapes that a subclass or a sequential model was built with, as it was called; None if it was not."""
    config = generator.get_build_config() or {}
    shapes = config.get("input_shape")
    return next(iter(config.get("shapes_dict", {}).values()), None) if shapes is None else shapes


def _check_structure(given: Any, functional: bool) -> None:
    if isinstance(given, Mapping):
        inputs = "noise" if len(given) == 1 else "[noise, labels]"
        order = "" if len(given) == 1 else " in this order"
        problem = f"takes its inputs by name ({', '.join(map(str, given))}); wanted is {inputs}{order}"
        advice = f"export keras.Model({inputs}, generator({{...}})), with noise of keras.Input"
        raise InputError("generator", f"{problem}: {advice}")
    several = given if functional and isinstance(given, (list, tuple)) else ()
    nested = any(isinstance(one, (list, tuple, Mapping)) for one in several)
    require(not nested, "generator", "takes nested inputs; wanted are noise, or [noise, labels] in this order")


def _is_turned(generator: keras.Model, shapes: list[Shape]) -> bool:
    """Whether the second of two inputs, and not the first, can be noise."""
    types = [tf.as_dtype(tensor.dtype) for tensor in getattr(generator, "inputs", None) or ()]
    first, second = (len(shape) == 2 and (not types or types[place].is_floating) for place, shape in enumerate(shapes))
    return second and not first
