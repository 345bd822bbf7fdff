"""Applies the options for images to a data set that a loader returned whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from egan_tf.data.array_pictures import as_pictures
from egan_tf.data.base import Dataset
from egan_tf.data.images import ImageDataset
from egan_tf.data.options import ImageOptions
from egan_tf.data.preparing import prepare
from egan_tf.utils.checks import InputError, format_value


def apply_options(dataset: Dataset, data_dir: Path, options: ImageOptions) -> Dataset:
    """The data set with these options; images are resized or converted if they must be, through the cache.

    Args:
        dataset: that a loader returned.
        data_dir: holds the cache.
        options: strictness and limits of memory have no effect, because no picture is decoded.

    Raises:
        InputError: an option for images is given for other data.
    """
    if isinstance(dataset, ImageDataset):
        # A function of the user may have asked for mirrored images itself.
        options = replace(options, flip=options.flip or dataset.options.flip)
        if _has(dataset, options):
            return dataset.with_options(options)
        converted = prepare(as_pictures(dataset), data_dir, options)
        converted.skipped = (*dataset.skipped, *converted.skipped)
        return converted
    plain = ImageOptions()
    for name in ("resolution", "channels", "flip"):
        value = getattr(options, name)
        if value != getattr(plain, name):
            what = "points" if len(dataset.shape) == 1 else "samples that are no images of this package"
            raise InputError(name, f"{dataset.name} holds {what}, so {format_value(value)} is of no use; leave it out")
    return dataset


def _has(dataset: ImageDataset, options: ImageOptions) -> bool:
    """Whether the images have the resolution and the channels already."""
    height, width, channels = dataset.shape
    fits = options.resolution is None or (height, width) == (options.resolution, options.resolution)
    return fits and options.channels in (None, channels)
