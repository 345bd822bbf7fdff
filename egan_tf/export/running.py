"""Runs the generator that is exported; what its layers raise becomes one line."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from egan_tf.utils.checks import InputError, first_line


def inputs_of(noise: Any, labels: Any = None) -> Any:
    """What a generator is called with: noise, or [noise, labels]."""
    return noise if labels is None else [noise, labels]


def zeros(rows: int, latent_size: int, conditional: bool) -> Any:
    """Inputs of nothing but zeros."""
    return inputs_of(tf.zeros([rows, latent_size]), tf.zeros([rows], tf.int32) if conditional else None)


def run_on_cpu(model: keras.Model, noise: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """The samples of the model in inference mode, float32 [count, *sample_shape].

    On the CPU, because a GPU may round matrix products to TF32, which could hide or cause differences.

    Raises:
        InputError: a layer raises an error.
    """
    with layer_errors(f"cannot make {len(noise)} samples"), tf.device("CPU:0"):
        inputs = inputs_of(tf.constant(noise), None if labels is None else tf.constant(labels))
        return tf.cast(model(inputs, training=False), tf.float32).numpy()


@contextlib.contextmanager
def layer_errors(problem: str) -> Iterator[None]:
    """Turns what layers of the user raise inside the block into an `InputError` about "generator"."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # layers may raise anything
        raise InputError("generator", f"{problem}: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """What was raised, in one line; Keras puts the layer in a line before the message, which it colours."""
    lines = [line.strip() for line in re.sub(r"\x1b\[\d*m", "", str(error)).splitlines() if line.strip()]
    wrapped = len(lines) > 1 and lines[0].startswith("Exception encountered when calling ")
    return f"{lines[0].split()[-1].rstrip('.')} raised {lines[1]}" if wrapped else first_line(error)
