"""Extractors of features by name.

A new one is a function `(dataset, data_dir, path) -> Extractor` and a name in `EXTRACTORS`. Importing this package
imports no TensorFlow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.metrics.extractors.base import Activations, Extractor
from egan_tf.metrics.extractors.cnn import load_cnn, untrained_cnn
from egan_tf.metrics.extractors.efficientnet import load_efficientnet
from egan_tf.metrics.extractors.inception import load_inception
from egan_tf.metrics.extractors.pixels import load_pixels, load_principal_pixels
from egan_tf.utils.checks import one_of, require

__all__ = ["EXTRACTORS", "Activations", "Extractor", "ExtractorLoader", "load_extractor"]


class ExtractorLoader(Protocol):
    """Makes an extractor for the images of a data set; raises InputError if something that it needs is missing."""

    def __call__(self, dataset: ImageDataset, data_dir: Path, path: Path | None = None) -> Extractor:
        """Returns the extractor; `data_dir` keeps what it trains, `path` is a file that the user gives."""
        ...


EXTRACTORS: dict[str, ExtractorLoader] = {
    "cnn": load_cnn,
    "efficientnet_lite0": load_efficientnet,
    "inception": load_inception,
    "pixels": load_pixels,
    "pixels_pca": load_principal_pixels,
}


# Instead of those that load by training first: the same checks, and nothing trained or written.
_UNTRAINED: dict[str, ExtractorLoader] = {"cnn": untrained_cnn}


def load_extractor(
    name: str, dataset: Dataset, data_dir: str | Path, path: str | Path | None = None, *, trained: bool = True
) -> Extractor:
    """Returns the extractor called `name`.

    Args:
        name: one of `EXTRACTORS`.
        dataset: the real images.
        data_dir: folder of prepared data sets; what an extractor trains is kept in its folder metrics/.
        path: the file that the extractor reads, for those that need one.
        trained: whether an extractor that has to be trained first is trained; if not, its features mean nothing, and
            only what fits it can be checked.

    Raises:
        InputError: unknown name, no images, or something that the extractor needs is missing.
    """
    loader = EXTRACTORS[one_of("extractor", name, EXTRACTORS)]
    loader = loader if trained else _UNTRAINED.get(name, loader)
    require(isinstance(dataset, ImageDataset), "extractor", f"{name} takes images, and {dataset.name} is none")
    assert isinstance(dataset, ImageDataset)
    return loader(dataset, Path(data_dir).expanduser(), None if path is None else Path(path).expanduser())
