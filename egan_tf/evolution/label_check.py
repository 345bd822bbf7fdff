"""The labels that networks take: how many classes they know, and which labels they must not get."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from egan_tf.evolution.architecture import input_shapes
from egan_tf.utils.checks import InputError, format_value, require

# Operations of Keras whose output holds the numbers of their input.
KEEP_LABELS = ("Cast", "ExpandDims", "Flatten", "Identity", "Ravel", "RepeatVector", "Reshape", "Squeeze")


class LabelFormat(NamedTuple):
    """The labels that the networks take.

    Attributes:
        shape: of one label.
        classes: how many classes the networks know; None if no layer says so, or labels are no classes.
        whole: whether labels are classes, and so must be whole numbers.
    """

    shape: tuple[int | None, ...]
    classes: int | None = None
    whole: bool = False

    @property
    def valid(self) -> str:
        """Which labels are valid, in a phrase."""
        if self.classes is not None:
            return f"whole numbers from 0 to {self.classes - 1}"
        return "whole numbers" if self.whole else "finite numbers"


def label_format(generator: keras.Model, discriminator: keras.Model) -> LabelFormat | None:
    """The labels of a pair of networks; None if they take none.

    Raises:
        InputError: the networks know different numbers of classes.
    """
    shapes = input_shapes("discriminator", discriminator)
    if len(shapes) == 1:
        return None
    shape = tuple(shapes[1][1:])
    made, judged = (class_count(network) for network in (generator, discriminator))
    differ = made is not None and judged is not None and made != judged
    require(not differ, "discriminator", f"takes labels of {judged} classes, but the generator takes {made}")
    classes = judged if made is None else made
    numbers = shape in ((), (1,)) and any(_takes_integers(network) for network in (generator, discriminator))
    return LabelFormat(shape, classes, classes is not None or numbers)


def class_count(network: keras.Model) -> int | None:
    """How many classes the layers that take a network's labels know, the fewest of them; None if that is unknown."""
    inputs = getattr(network, "inputs", None)
    return min(_counts(network, 1), default=None) if inputs and len(inputs) > 1 else None


def _takes_integers(network: keras.Model) -> bool:
    inputs: list[Any] = getattr(network, "inputs", None) or []
    return len(inputs) > 1 and tf.as_dtype(inputs[1].dtype).is_integer


def _counts(network: keras.Model, position: int) -> list[int]:
    """The number of classes of every layer that takes the input at a position."""
    holding, found = [network.inputs[position]], []
    for tensor in holding:  # grows by the outputs that hold the same numbers
        for operation in network.operations:
            for node in operation._inbound_nodes:
                places = [i for i, given in enumerate(node.input_tensors) if given is tensor]
                if places and type(operation).__name__ in KEEP_LABELS:
                    holding += [made for made in node.output_tensors if all(made is not one for one in holding)]
                found += [count for place in places for count in _counts_of(operation, place)]
    return found


def _counts_of(operation: Any, place: int) -> list[int]:
    inner = getattr(operation, "_functional", None) or operation  # of a Sequential
    if isinstance(inner, keras.Model) and getattr(inner, "inputs", None) and hasattr(inner, "operations"):
        return _counts(inner, place)
    layer = operation.layer if isinstance(operation, keras.layers.Wrapper) else operation
    if isinstance(layer, keras.layers.Embedding):
        return [layer.input_dim]
    if isinstance(layer, keras.layers.CategoryEncoding):
        return [layer.num_tokens]
    if type(layer).__name__ == "OneHot":  # of Keras' operations, or of egan_tf.networks, which evolution does not know
        count = getattr(layer, "num_classes", getattr(layer, "classes", None))
        return [count] if isinstance(count, int) else []
    return []


def check_label_values(field: str, labels: np.ndarray, expected: LabelFormat) -> None:
    """Raises `InputError` unless labels in host memory, of any shape, are such that the networks take them."""
    require(labels.dtype.kind in "biuf", field, f"must hold numbers, got {labels.dtype}")
    require(bool(np.isfinite(labels).all()), field, "holds numbers that are not finite")
    if not expected.whole:
        return
    require(labels.dtype.kind != "b", field, f"must hold {expected.valid}, got {labels.dtype}")
    refused = labels != np.floor(labels) if labels.dtype.kind == "f" else np.zeros(labels.shape, bool)
    if expected.classes is not None:
        refused |= (labels < 0) | (labels >= expected.classes)
    if refused.any():
        first = format_value(labels[refused].flat[0].item())
        raise InputError(field, f"holds the label {first}, but the networks take {expected.valid}")


def check_label_type(dtype: tf.DType, expected: LabelFormat) -> None:
    """Raises `InputError` if the networks take no labels of a type."""
    numbers = dtype.is_bool or dtype.is_integer or dtype.is_floating
    require(numbers, "y", f"must hold numbers, got {dtype.name}")
    require(not (expected.whole and dtype.is_bool), "y", f"must hold {expected.valid}, got {dtype.name}")


def tensor_labels(labels: Any, count: int | None, expected: LabelFormat) -> tf.Tensor:
    """Labels as a tensor, in a graph or not, [count, *expected.shape]; their values are not looked at.

    Raises:
        InputError: they are of another type or shape.
    """
    labels = tf.convert_to_tensor(labels)
    check_label_type(labels.dtype, expected)
    wanted = [count, *expected.shape]
    require(labels.shape.is_compatible_with(wanted), "y", f"must be labels {wanted}, got {tuple(labels.shape)}")
    return tf.ensure_shape(labels, wanted)


def needs_look(dtype: tf.DType, expected: LabelFormat) -> bool:
    """Whether labels of a type can be such that the networks do not take them."""
    return dtype.is_floating or (expected.classes is not None and not dtype.is_bool)


def usable_labels(labels: tf.Tensor, expected: LabelFormat) -> tf.Tensor:
    """Whether the networks take each label, or number of it; bool, of the labels' shape."""
    if labels.dtype.is_floating:
        numbers = tf.cast(labels, tf.float64)  # which holds all numbers of classes exactly
        usable = tf.math.is_finite(numbers)
        if expected.whole:
            usable &= numbers == tf.floor(numbers)
    else:
        numbers = tf.cast(labels, tf.int64)
        usable = tf.ones_like(numbers, tf.bool)
    if expected.classes is not None:
        usable &= (numbers >= 0) & (numbers < expected.classes)
    return usable
