"""Recognizes the kind of real data that `fit` was given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from egan_tf.evolution.array_source import ArraySource
from egan_tf.evolution.batches import LabelledBatches, RealBatches
from egan_tf.evolution.draw_source import DrawSource
from egan_tf.evolution.python_source import GeneratorSource, PyDatasetSource
from egan_tf.evolution.samples import KINDS, SampleFormat, parts, tensor_samples
from egan_tf.evolution.source import Source
from egan_tf.evolution.stream_source import StreamSource
from egan_tf.utils.checks import InputError, integer, require


def source_of(
    x: Any,
    y: Any,
    expected: SampleFormat,
    batch_size: int | None,
    seed: int,
    shuffle: bool | None,
    generation: Callable[[], int],
) -> Source:
    """The data that the user gave, checked as far as possible without reading it.

    Args:
        x: an array, a list, a `tf.data.Dataset`, a `keras.utils.PyDataset`, a generator, or a function `(generation,
            count) -> batch`.
        y: labels of an array.
        expected: what the networks take.
        batch_size: the user's choice, if any.
        seed: of the order of an array.
        shuffle: whether to shuffle an array; None for yes. Other data has its own order.
        generation: returns the number of the next generation.

    Raises:
        InputError: the data cannot be used for training.
    """
    if batch_size is not None:
        integer("batch_size", batch_size)
    require(shuffle is None or isinstance(shuffle, bool), "shuffle", f"must be True or False, got {shuffle!r}")
    make = _maker(x, expected, batch_size)
    if make is None:
        return ArraySource(x, y, expected, batch_size, seed, shuffle is not False, generation)
    require(y is None, "y", f"must not be given beside {_name(x)}, which yields (samples, labels)")
    require(not shuffle, "shuffle", f"can be True for arrays only: {_name(x)} has its own order; shuffle there")
    return make()


def _maker(x: Any, expected: SampleFormat, batch_size: int | None) -> Callable[[], Source] | None:
    """What makes the source of any kind but arrays; None for those."""
    if isinstance(x, tf.data.Dataset):
        return lambda: StreamSource(x, expected, batch_size)
    if isinstance(x, keras.utils.PyDataset):
        return lambda: PyDatasetSource(x, expected, batch_size)
    if isinstance(x, Iterator):
        return lambda: GeneratorSource(x, expected, batch_size)
    if callable(x):
        if inspect.isclass(x) or isinstance(x, keras.Layer):
            raise InputError("x", f"must be {KINDS}, got {_name(x)}")
        return lambda: DrawSource(x, batch_size)
    return None


def _name(x: Any) -> str:
    if inspect.isclass(x):
        return f"the class {x.__name__}"
    if isinstance(x, tf.data.Dataset):
        return "a tf.data.Dataset"
    return "a function" if inspect.isroutine(x) else f"a {type(x).__name__}"


def step_samples(data: Any, expected: SampleFormat) -> Any:
    """The argument of a train step: batches, returned unchanged, or samples [total, ...], or (samples, labels).

    Raises:
        InputError: the samples are not floating-point, or of another shape.
    """
    if isinstance(data, RealBatches | LabelledBatches):
        return data
    samples, labels = parts(data)
    samples = tf.convert_to_tensor(samples)
    count = samples.shape[0] if samples.shape.rank else None
    samples = tensor_samples(samples, expected, count)
    return samples if labels is None else (samples, labels)
