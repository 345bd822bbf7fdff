"""The interface of an export format.

This module and those of the formats import neither TensorFlow nor Keras before a format is written or loaded, so that
whoever receives an export can ask a format what it needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from egan_tf.export.comparison import Bound, float32_bound, scale_of
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import InputError

if TYPE_CHECKING:
    from egan_tf.export.source import Source

SampleFn = Callable[..., np.ndarray]
"""Noise float32 [batch, latent_size], and labels int32 [batch] if the generator takes them, to samples float32 [batch,
*sample_shape]."""


class FormatError(InputError):
    """A generator cannot be exported in one format; the other formats are exported without it."""

    def __init__(self, problem: str) -> None:
        """Args: problem: one line that names the operator or the layer, if one is the reason."""
        super().__init__("formats", problem)


class SeededFunctions(NamedTuple):
    """What a format computes of seeds, or in bytes, beside its `SampleFn`; seed, start and count are integers.

    Attributes:
        noise: of (seed, start, count), float32 [count, latent_size].
        sample: of (seed, start, count), and labels int32 [count] if the generator takes them, as a `SampleFn` returns.
        sample_uint8: of the same, uint8 [count, *sample_shape]; None if the samples are no images.
        serve_uint8: of the arguments of a `SampleFn`, likewise.
    """

    noise: Callable[[int, int, int], np.ndarray]
    sample: Callable[..., np.ndarray]
    sample_uint8: Callable[..., np.ndarray] | None = None
    serve_uint8: Callable[..., np.ndarray] | None = None


class Format(ABC):
    """Writes a generator into the directory of an export, and loads it again.

    Attributes:
        packages: import names of what `load` needs besides numpy.
        conversion: what converts the generator, if other formats share it: where it fails for one they are no advice.
        opened_by_sampler: whether `egan_tf.sampling.Sampler` opens the file, which then states the rows of a call.
        makes_samples: whether `load` gives the samples of the generator, to which others can be compared; False if
            `expected` changes them.
    """

    packages: ClassVar[tuple[str, ...]] = ()
    conversion: ClassVar[str | None] = None
    opened_by_sampler: ClassVar[bool] = False
    makes_samples: ClassVar[bool] = True

    @abstractmethod
    def write(self, source: Source, directory: Path) -> None:
        """Writes the generator into `directory`, under a name that no other format uses.

        Raises:
            FormatError: the format cannot hold this generator. Any other error counts as one, unless the disk failed.
        """

    @abstractmethod
    def load(self, directory: Path) -> SampleFn:
        """Loads what `write` wrote, to run on the CPU with any batch size."""

    def load_seeded(self, directory: Path) -> SeededFunctions | None:
        """Loads the functions of seeds that `write` wrote; None if the format has none. The export verifies them."""
        del directory
        return None

    @abstractmethod
    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """The paragraphs of the README that show how to sample from this format, in Markdown.

        What loads the files without comparing them with the card begins with `markdown.check_lines`.

        Args:
            path: the directory of the export, as a reader would type it.
            spec: the noise and the samples of the generator.
        """

    def bound(self, spec: SamplingSpec) -> Bound:
        """How much samples may differ from those of the Keras model in float32, in units of `scale`."""
        return float32_bound(spec)

    def scale(self, samples: np.ndarray, spec: SamplingSpec) -> float:
        """The unit of the bound for samples that should be `samples`."""
        return scale_of(samples, spec)

    def expected(self, samples: np.ndarray, spec: SamplingSpec) -> np.ndarray:
        """What this format makes of the samples [batch, *sample_shape]; itself unless it makes something else."""
        del spec
        return samples

    def made_shape(self, spec: SamplingSpec) -> tuple[int, ...]:
        """The shape of one sample of what `load` gives."""
        return spec.sample_shape

    def sample(self, directory: Path, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray | None:
        """Samples for a seed and labels [count], float32 [count, *sample_shape]; None if it cannot sample by seed."""
        del directory, count, seed, labels
        return None
