"""SavedModel, without importing TensorFlow before it is written or loaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.export.formats.base import Format, SampleFn, SeededFunctions
from egan_tf.export.markdown import with_check
from egan_tf.sampling.spec import SamplingSpec

if TYPE_CHECKING:
    from egan_tf.export.source import Source


class SavedModelFolder(Format):
    """`saved_model/`; see `egan_tf.export.formats.saved_model`, which needs TensorFlow."""

    packages = ("tensorflow", "keras")

    def write(self, source: Source, directory: Path) -> None:
        """Writes `directory/saved_model`."""
        _with_tensorflow().write(source, directory)

    def load(self, directory: Path) -> SampleFn:
        """Loads `directory/saved_model`."""
        return _with_tensorflow().load(directory)

    def load_seeded(self, directory: Path) -> SeededFunctions | None:
        """Loads the other functions of `directory/saved_model`."""
        return _with_tensorflow().load_seeded(directory)

    def usage(self, path: str, spec: SamplingSpec) -> list[str]:
        """Loading and calling it in TensorFlow."""
        return [with_check(paragraph, path) for paragraph in _with_tensorflow().usage(path, spec)]

    def sample(self, directory: Path, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray | None:
        """Samples for a seed, if it can."""
        return _with_tensorflow().sample(directory, count, seed, labels)


def _with_tensorflow() -> Format:
    from egan_tf.export.formats.saved_model import SavedModel

    return SavedModel()
