"""The interface of a source of real samples."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import tensorflow as tf

from egan_tf.evolution.batches import GenerationSizes
from egan_tf.utils.checks import InputError, require

DEFAULT_BATCH_SIZE = 32
SHAPE_CHECK, LABEL_SHAPE_CHECK, COUNT_CHECK = "shape_of_real_samples", "shape_of_labels", "as_many_labels_as_samples"
"""Names of operations in a pipeline; an error of TensorFlow that mentions one is about the data."""

SampleFn = Callable[[tf.Tensor, int], Any]
"""Maps (generation, count) to [count, ...] samples, or to (samples, labels), inside a `tf.function`."""


class Epoch(NamedTuple):
    """What Keras gets.

    Attributes:
        dataset: one element per generation.
        steps: generations in an epoch; None if an epoch ends with the dataset.
    """

    dataset: tf.data.Dataset
    steps: int | None


class Source(ABC):
    """Real samples for training.

    Attributes:
        batch_size: samples in a discriminator step.
        sample_fn: makes the samples inside the step; None if the dataset holds them.
    """

    batch_size: int
    sample_fn: SampleFn | None = None

    @abstractmethod
    def epoch(self, sizes: GenerationSizes, steps: int | None) -> Epoch:
        """The generations of an epoch.

        Args:
            sizes: of a generation.
            steps: the user's choice of generations in an epoch, if any.

        Raises:
            InputError: there is too little for one generation, or the data is endless and `steps` is None.
        """

    def check_epochs(self, epochs: int, steps: int | None) -> None:
        """Raises `InputError` if the data cannot last for `epochs` epochs; most can."""
        del epochs, steps

    @property
    def error(self) -> Exception | None:
        """The exception of the user's own code that ended the data."""
        return None

    @contextmanager
    def understandable_errors(self) -> Iterator[None]:
        """Replaces TensorFlow's report of a failed pipeline by the user's own exception, or by one line."""
        try:
            yield
        except tf.errors.OpError as failure:
            if self.error is not None:
                raise self.error from None
            for field, check in (("x", SHAPE_CHECK), ("y", LABEL_SHAPE_CHECK)):
                if check in failure.message:
                    shapes = " instead of ".join(re.findall(r"\[[\d,?]*\]", failure.message)[:2])
                    raise InputError(field, f"a batch has another shape: {shapes}") from None
            if COUNT_CHECK in failure.message:
                raise InputError("y", "a batch has not as many labels as samples") from None
            raise
        except Exception as failure:
            # AutoGraph replaces an error that it passes on by one of many lines.
            original = failure.__context__
            if isinstance(original, InputError) and hasattr(original, "ag_error_metadata"):
                raise original from None
            raise


def too_few(count: int, sizes: GenerationSizes) -> InputError:
    """The error for data that holds less than a generation."""
    if count == 0:
        return InputError("x", f"is empty: it holds no samples, but a generation takes {sizes.total}")
    return InputError(
        "x",
        f"holds {count} samples, but a generation takes {sizes.total} (for evaluation, and batch_size for each fresh "
        "step of the discriminator); give more, or lower one of these",
    )


def require_steps(steps: int | None) -> None:
    """Raises `InputError` if the length of an epoch of endless data is not given."""
    require(steps is not None, "steps_per_epoch", "must be given, as the data is endless: generations in an epoch")
