"""Decodes the pictures of a source into images of one shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.decoding import to_pixels
from egan_tf.data.images import ImageDataset
from egan_tf.data.options import ImageOptions
from egan_tf.data.picture_source import PictureSource, UnusablePicture


def prepare(source: PictureSource, data_dir: Path, options: ImageOptions) -> ImageDataset:
    """The images of a source; decodes them unless the cache under `data_dir` has them."""
    survey = source.survey()
    side = options.resolution or source.resolution
    sides = (side, side) if side else survey.sides or (64, 64)
    images, labels = [], []
    for stored in source:
        try:
            images.append(to_pixels(stored.decode(), sides, options.channels or source.channels or survey.channels))
            labels.append(stored.label)
        except UnusablePicture:
            continue
    named = np.asarray(labels) if source.class_names else None
    return ImageDataset(source.name, np.stack(images), named, source.class_names, source.about, source.split)
