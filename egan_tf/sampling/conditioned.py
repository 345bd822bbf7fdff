"""A sampler of a class-conditional generator with its labels chosen, which is used like one without labels."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from egan_tf.utils.checks import require

MAX_LISTED = 10_000_000
"""Labels that are read of an iterator, which may have no end."""


class ConditionedSampler:
    """Calls a sampler with the same labels each time; everything else is the sampler's."""

    def __init__(self, sampler: Any, labels: Any) -> None:
        """Takes the sampler and the labels.

        Args:
            sampler: a `Sampler` of a conditional generator.
            labels: as in `Sampler.sample`; they are checked when samples are drawn. An iterator, which gives its values
                only once, is read here.

        Raises:
            InputError: an iterator gives more than `MAX_LISTED` labels, or does not end.
        """
        self._sampler, self._labels = sampler, _lasting(labels)

    def __reduce__(self) -> tuple[Any, ...]:
        """The sampler, which pickles by its path, and the labels."""
        return ConditionedSampler, (self._sampler, self._labels)

    def __getattr__(self, name: str) -> Any:
        """The attribute of the sampler."""
        return getattr(self._sampler, name)

    def sample(
        self, count: int, seed: int = 0, start: int = 0, *, truncation: float = 1.0, dtype: str = "float32"
    ) -> np.ndarray:
        """As `Sampler.sample`."""
        options = {"truncation": truncation, "labels": self._labels, "dtype": dtype}
        samples: np.ndarray = self._sampler.sample(count, seed, start, **options)
        return samples

    def batches(
        self, count: int, seed: int = 0, start: int = 0, *, truncation: float = 1.0, dtype: str = "float32"
    ) -> Iterator[np.ndarray]:
        """As `Sampler.batches`."""
        options = {"truncation": truncation, "labels": self._labels, "dtype": dtype}
        yield from self._sampler.batches(count, seed, start, **options)

    def generate(self, noise: np.ndarray, *, rows_per_call: int | None = None) -> np.ndarray:
        """As `Sampler.generate`; one label only, as the number of rows may be any."""
        samples: np.ndarray = self._sampler.generate(noise, self._labels, rows_per_call=rows_per_call)
        return samples


def _lasting(labels: Any) -> Any:
    """Labels that can be read again."""
    if not isinstance(labels, Iterator):
        return labels
    listed = list(itertools.islice(labels, MAX_LISTED + 1))
    problem = f"an iterator may give at most {MAX_LISTED:,}; give a list or an array"
    require(len(listed) <= MAX_LISTED, "labels", problem)
    return listed
