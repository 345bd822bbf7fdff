"""A sampler of a class-conditional generator with its labels chosen, which is used like one without labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class ConditionedSampler:
    """Calls a sampler with the same labels each time; everything else is the sampler's."""

    def __init__(self, sampler: Any, labels: Any) -> None:
        """Takes the sampler and the labels.

        Args:
            sampler: a `Sampler` of a conditional generator.
            labels: as in `Sampler.sample`; they are checked when samples are drawn.
        """
        self._sampler, self._labels = sampler, labels

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

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """As `Sampler.generate`; one label only, as the number of rows may be any."""
        samples: np.ndarray = self._sampler.generate(noise, self._labels)
        return samples
