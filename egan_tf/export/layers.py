"""Which layer of a Keras model an operator of its graph belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator

import keras


def layer_of(text: str, model: keras.Model) -> str | None:
    """The name of the innermost layer that a name in a graph, or a message that holds such names, speaks of.

    Keras puts the operators of a layer under its name, and TensorFlow appends a number where a name was taken.

    Args:
        text: such as "sequential_1/dense_1/Gelu/Erfc".
        model: holds the layers.

    Returns:
        The name; None if no layer of the model is named.
    """
    names = set(_layer_names(model))
    found = None
    for part in re.findall(r"[\w.\-]+", text):
        stem = re.sub(r"_\d+$", "", part)
        found = part if part in names else stem if stem in names else found
    return found


def place_of(name: str, model: keras.Model) -> str:
    """Where an operator stands, for a message: its layer, or its own name if no layer is in it."""
    layer = layer_of(name, model)
    return f"({name})" if layer is None else f"of layer {layer!r}"


def _layer_names(layer: keras.layers.Layer) -> Iterator[str]:
    for inner in layer._flatten_layers(include_self=False):
        yield inner.name
