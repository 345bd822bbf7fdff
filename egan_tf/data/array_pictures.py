"""Images that are arrays already, as pictures: to be resized, converted or written to the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.array_checks import check_class_names
from egan_tf.data.images import ImageDataset
from egan_tf.data.picture_source import PictureSource, Stored, Survey

if TYPE_CHECKING:
    from PIL.Image import Image


class ArrayPictures(PictureSource):
    """Images of one shape, which they keep unless a resolution is given."""

    keeps_shape: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        rows: Callable[[], Iterable[np.ndarray]],
        labels: np.ndarray | None,
        class_names: tuple[str, ...],
        about: About,
        split: str,
        key: Mapping[str, Any],
    ) -> None:
        """Defines the source.

        Args:
            name: of the data set.
            shape: [N, H, W, C].
            rows: returns the images in order, uint8 [H, W, C] each.
            labels: integers [N], or None.
            class_names: by label.
            about: facts for cards.
            split: "train" or "test".
            key: see `PictureSource`.
        """
        check_class_names(class_names)
        self.name, self.split, self.about, self.class_names, self.key = name, split, about, class_names, key
        self.shape, self.labels = shape, labels
        self._rows = rows

    def __len__(self) -> int:
        """The number of images."""
        return self.shape[0]

    def survey(self) -> Survey:
        """The shape of the array."""
        _, height, width, channels = self.shape
        return Survey((height, width), min(height, width), channels)

    def __iter__(self) -> Iterator[Stored]:
        """All images, in order."""
        for index, row in enumerate(self._rows()):
            label = None if self.labels is None else int(self.labels[index])
            yield Stored(f"image {index}", partial(to_picture, row), label)


def as_pictures(dataset: ImageDataset) -> ArrayPictures:
    """The images of a data set as pictures."""
    return ArrayPictures(
        dataset.name,
        dataset.images.shape,
        lambda: iter(dataset.images),
        dataset.labels,
        dataset.class_names,
        dataset.about,
        dataset.split,
        {"kind": "array", "fingerprint": dataset.fingerprint},
    )


def to_picture(image: np.ndarray) -> Image:
    """uint8 [H, W, C] as a picture in mode L, RGB or RGBA."""
    import PIL.Image

    return PIL.Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image))
