"""The interface of an export format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import numpy as np

from egan_tf.export.source import Source
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError

SampleFn = Callable[..., np.ndarray]
"""Noise float32 [batch, latent_size], and labels int32 [batch] if the generator takes them, to samples float32 [batch,
*sample_shape]."""


class FormatError(InputError):
    """A generator cannot be exported in one format; the other formats are exported without it."""

    def __init__(self, problem: str) -> None:
        """Args: problem: one line that names the operator or the layer, if one is the reason."""
        super().__init__("formats", problem)


class Format(ABC):
    """Writes a generator into the directory of an export, and loads it again."""

    @abstractmethod
    def write(self, source: Source, directory: Path) -> None:
        """Writes the generator into `directory`, under a name that no other format uses.

        Raises:
            FormatError: the format cannot hold this generator. Any other error counts as one, unless the disk failed.
        """

    @abstractmethod
    def load(self, directory: Path) -> SampleFn:
        """Loads what `write` wrote, to run on the CPU with any batch size."""

    @abstractmethod
    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """The paragraphs of the README that show how to sample from this format, in Markdown.

        Args:
            path: the directory of the export, as a reader would type it.
            spec: the noise and the samples of the generator.
        """

    def sample(self, directory: Path, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray | None:
        """Samples for a seed and labels [count], float32 [count, *sample_shape]; None if it cannot sample by seed."""
        del directory, count, seed, labels
        return None
