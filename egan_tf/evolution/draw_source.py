"""A function of the user as a source of real samples, called inside the compiled step."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from egan_tf.evolution.batches import Batches, GenerationSizes, split_samples
from egan_tf.evolution.label_check import tensor_labels
from egan_tf.evolution.samples import SampleFormat, check_labels_given, parts, tensor_samples
from egan_tf.evolution.source import DEFAULT_BATCH_SIZE, Epoch, SampleFn, Source, require_steps
from egan_tf.utils.checks import InputError, require


class DrawSource(Source):
    """Samples that a function `(generation, count) -> batch` draws; endless."""

    def __init__(self, function: Callable[..., Any], batch_size: int | None) -> None:
        """Raises `InputError` unless the function takes (generation, count)."""
        require(
            not inspect.isgeneratorfunction(function),
            "x",
            "is a function that makes a generator; call it, and pass the generator",
        )
        try:
            inspect.signature(function).bind(0, 1)
        except TypeError as error:
            raise InputError("x", "as a function must take (generation, count) and return a batch") from error
        except ValueError:  # written in C, without a signature
            pass
        self.batch_size = batch_size or DEFAULT_BATCH_SIZE
        self.sample_fn = function

    def epoch(self, sizes: GenerationSizes, steps: int | None) -> Epoch:
        """As `Source.epoch`; the elements of the dataset mean nothing."""
        del sizes
        require_steps(steps)
        return Epoch(tf.data.Dataset.from_tensors(0).repeat(), steps)


def draw(
    sample_fn: SampleFn,
    generation: tf.Tensor,
    sizes: GenerationSizes,
    expected: SampleFormat,
    say_unused: Callable[[Any], None] = lambda labels: None,
) -> Batches:
    """The real samples of a generation, drawn inside the step.

    Args:
        sample_fn: the user's function.
        generation: int64 scalar, its first argument.
        sizes: of the batches.
        expected: what the networks take.
        say_unused: is called with labels that the networks do not take.

    Raises:
        InputError: the function returns no tensor of floating-point numbers [count, *shape], or no such labels; raised
            while the step is traced, and so before training.
    """
    samples, labels = parts(sample_fn(generation, sizes.total))
    for field, part in (("x", samples), ("y", labels)):
        require(
            part is None or isinstance(part, tf.Tensor),
            field,
            f"as a function must return tensors that TensorFlow computes, got {type(part).__name__}: anything else is "
            "computed once, and would be the same in every generation",
        )
    require(samples is not None, "x", "as a function must return a batch, got nothing")
    given = samples.shape[0] if samples.shape.rank else None
    if given is not None and given != sizes.total:
        raise InputError(
            "x", f"as a function must return {sizes.total} samples, as its second argument says; got {given}"
        )
    check_labels_given(labels is not None, expected)
    samples = tensor_samples(samples, expected, sizes.total)
    if labels is None or expected.labels is None:
        say_unused(labels)
        return split_samples(samples, None, sizes)
    return split_samples(samples, tensor_labels(labels, sizes.total, expected.labels), sizes)
