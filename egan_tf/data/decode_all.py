"""Decodes all pictures of a source, in threads, to a cache entry or into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from egan_tf.data.aligned import aligned_empty
from egan_tf.data.cache import FORMAT, IMAGES, LABELS, MANIFEST, Entry, Manifest
from egan_tf.data.decoding import to_pixels
from egan_tf.data.image_file import ImageFile
from egan_tf.data.images import content_fingerprint
from egan_tf.data.ordered_map import ordered_map
from egan_tf.data.picture_source import PictureSource, Stored, UnreadPicture, UnusablePicture
from egan_tf.data.progress import with_progress
from egan_tf.data.skipped import none_usable
from egan_tf.data.source_errors import check_picture, source_errors, stored_pictures
from egan_tf.utils.atomic import atomic_directory

Shape = tuple[int, int, int]
EXPECTED = (UnusablePicture, MemoryError, OSError)
"""What decoding a picture may raise, for which that picture is left out."""


class Decoded(NamedTuple):
    """A picture after decoding: pixels uint8 [H, W, C] and label, or the reason why it cannot be used.

    `read` is False if the reason may pass.
    """

    name: str
    label: int | None
    pixels: np.ndarray | None
    reason: str = ""
    read: bool = True


class Skipped:
    """The pictures that are left out: their names and reasons, and whether all others than damaged ones were read."""

    def __init__(self) -> None:
        self.pictures: list[tuple[str, str]] = []
        self.complete = True

    def add(self, picture: Decoded) -> None:
        """Adds a picture without pixels."""
        self.pictures.append((picture.name, picture.reason))
        self.complete = self.complete and picture.read


def decode_to_disk(source: PictureSource, path: Path, shape: Shape) -> None:
    """Writes the images of a source as the cache entry `path`, which appears complete or not at all.

    Args:
        source: the pictures.
        path: of the entry; a damaged one is replaced.
        shape: [H, W, C] of the images.

    Raises:
        InputError: no picture can be used.
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    skipped = Skipped()
    labels: list[int | None] = []
    with atomic_directory(path, check=lambda: None) as partial:
        with ImageFile(partial / IMAGES, shape, len(source)) as file:
            for picture in _decode_all(source, shape, skipped):
                assert picture.pixels is not None
                file.write(picture.pixels)
                labels.append(picture.label)
            if not file.count:
                raise none_usable(source.name, skipped.pictures)
            array = _label_array(source, labels)
            fingerprint = file.finish(array)
        if array is not None:
            np.save(partial / LABELS, array, allow_pickle=False)
        sizes = {file.name: file.stat().st_size for file in partial.iterdir()}
        left_out = tuple(skipped.pictures)
        made = (len(labels), *shape)
        manifest = Manifest(FORMAT, path.name, made, fingerprint, left_out, sizes, skipped.complete)
        (partial / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")


def decode_into_memory(source: PictureSource, shape: Shape) -> Entry:
    """The images of a source, as a cache entry that is on no disk.

    Raises:
        InputError: no picture can be used.
    """
    skipped = Skipped()
    labels: list[int | None] = []
    images = aligned_empty((len(source), *shape))
    for picture in _decode_all(source, shape, skipped):
        assert picture.pixels is not None
        images[len(labels)] = picture.pixels
        labels.append(picture.label)
    if not labels:
        raise none_usable(source.name, skipped.pictures)
    images = images[: len(labels)]
    images.flags.writeable = False
    array = _label_array(source, labels)
    fingerprint = content_fingerprint(images, array)
    return Entry(images, array, Manifest(FORMAT, "", images.shape, fingerprint, tuple(skipped.pictures), {}))


def _decode_all(source: PictureSource, shape: Shape, skipped: Skipped) -> Iterator[Decoded]:
    """Yields the usable pictures in order; adds the others to `skipped`.

    Raises:
        InputError: the source, which may be a user's, breaks its contract.
    """

    def decode(stored: Stored) -> Decoded:
        try:
            with source_errors(source, f"{stored.name} cannot be decoded", EXPECTED):
                pixels = to_pixels(check_picture(source, stored, stored.decode()), shape[:2], shape[2])
        except UnusablePicture as error:
            read = not isinstance(error, UnreadPicture)
            return Decoded(stored.name, stored.label, None, str(error), read)
        except (MemoryError, OSError) as error:
            return Decoded(stored.name, stored.label, None, type(error).__name__, read=False)
        return Decoded(stored.name, stored.label, pixels)

    for picture in with_progress(ordered_map(decode, stored_pictures(source)), len(source), f"{source.name}: decoding"):
        if picture.pixels is None:
            skipped.add(picture)
        else:
            yield picture


def _label_array(source: PictureSource, labels: list[int | None]) -> np.ndarray | None:
    return np.asarray(labels, np.int32) if source.class_names else None
