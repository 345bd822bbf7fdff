"""Feature extractors by name.

To add one, write a function `(dataset, data_dir) -> Extractor`, or `(dataset, data_dir, path)` if it reads a file of
the user, and name it in `EXTRACTORS`. Importing this package imports no TensorFlow.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Protocol

from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor
from egan_tf.metrics.extractors.cnn import load_cnn, untrained_cnn
from egan_tf.metrics.extractors.efficientnet import load_efficientnet
from egan_tf.metrics.extractors.inception import load_inception
from egan_tf.metrics.extractors.pixels import load_pixels, load_principal_pixels, untrained_principal_pixels
from egan_tf.utils.checks import one_of, require
from egan_tf.utils.paths import user_path

__all__ = ["EXTRACTORS", "Activations", "Extractor", "ExtractorLoader", "FileLoader", "load_extractor", "reads_file"]


class ExtractorLoader(Protocol):
    """Loads an extractor for the images of a data set."""

    def __call__(self, dataset: ImageDataset, data_dir: Path) -> Extractor:
        """Loads the extractor.

        Args:
            dataset: the real images.
            data_dir: folder of prepared data sets, which also stores trained extractors.

        Raises:
            InputError: something that the extractor needs is missing.
        """
        ...


class FileLoader(Protocol):
    """Loads an extractor that can be in a file of the user."""

    def __call__(self, dataset: ImageDataset, data_dir: Path, path: Path | None = None) -> Extractor:
        """Loads the extractor from `path`, or from its usual place; otherwise as `ExtractorLoader`."""
        ...


EXTRACTORS: dict[str, ExtractorLoader | FileLoader] = {
    "cnn": load_cnn,
    "efficientnet_lite0": load_efficientnet,
    "inception": load_inception,
    "pixels": load_pixels,
    "pixels_pca": load_principal_pixels,
}


# Replacements in a dry run for extractors that must be trained: the same checks, without training.
_UNTRAINED: dict[str, ExtractorLoader] = {"cnn": untrained_cnn, "pixels_pca": untrained_principal_pixels}


def reads_file(name: str) -> bool:
    """Whether an extractor can be loaded from a file of the user."""
    return "path" in inspect.signature(EXTRACTORS[one_of("extractor", name, EXTRACTORS)]).parameters


def load_extractor(
    name: str, dataset: Dataset, data_dir: str | Path, path: str | Path | None = None, *, trained: bool = True
) -> Extractor:
    """Loads an extractor by name.

    Args:
        name: one of `EXTRACTORS`.
        dataset: the real images.
        data_dir: folder of prepared data sets; trained extractors are stored in its folder metrics/.
        path: a file from the user, for extractors that read one.
        trained: whether an extractor that has to be trained first is trained; if not, it only serves for checks.

    Raises:
        InputError: an unknown name, a data set without images, a path for an extractor that reads no file, or something
            that the extractor needs is missing.
    """
    loader: Any = EXTRACTORS[one_of("extractor", name, EXTRACTORS)]
    loader = loader if trained else _UNTRAINED.get(name, loader)
    require(path is None or reads_file(name), "path", f"{name} reads no file; leave it out")
    require(isinstance(dataset, ImageDataset), "extractor", f"{name} takes images, and {dataset.name} is none")
    assert isinstance(dataset, ImageDataset)
    files = {} if path is None else {"path": user_path("path", path)}
    extractor: Extractor = loader(dataset, user_path("data_dir", data_dir), **files)
    return extractor
