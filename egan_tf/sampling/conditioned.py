"""A sampler of a class-conditional generator with its labels chosen, which is used like one without labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import Sampler


class ConditionedSampler:
    """Calls a sampler with the same labels each time; everything else is the sampler's."""

    def __init__(self, sampler: Sampler, labels: Any) -> None:
        """Args: sampler: of a conditional generator. labels: as in `Sampler.sample`, checked when samples are drawn."""
        self._sampler, self._labels = sampler, labels

    def __getattr__(self, name: str) -> Any:
        """The attribute of the sampler."""
        return getattr(self._sampler, name)

    def sample(self, count: int, seed: int = 0, truncation: float = 1.0) -> np.ndarray:
        """As `Sampler.sample`."""
        return self._sampler.sample(count, seed, truncation, self._labels)

    def batches(self, count: int, seed: int = 0, truncation: float = 1.0) -> Iterator[np.ndarray]:
        """As `Sampler.batches`."""
        return self._sampler.batches(count, seed, truncation, self._labels)

    def generate(self, noise: np.ndarray) -> np.ndarray:
        """As `Sampler.generate`; one label only, as the number of rows may be any."""
        return self._sampler.generate(noise, self._labels)
