"""Writes images one after the other to a file in numpy's format, without holding them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import TracebackType

import numpy as np

from egan_tf.data.images import content_fingerprint

HEADER_BYTES = 128
"""A multiple of 64, as numpy has it, and enough for any shape of images."""


class ImageFile:
    """A file of uint8 [N, H, W, C] in the making, and the fingerprint of its content.

    The number of images is known at the end only. Written, not mapped: a full disk is an `OSError` instead of the end
    of the process.
    """

    def __init__(self, path: Path, shape: tuple[int, int, int], expected: int) -> None:
        """Begins the file.

        Args:
            path: of the new file.
            shape: [H, W, C] of an image.
            expected: how many images are likely, for which the fingerprint is computed while writing.
        """
        self.path, self.shape, self.expected = path, shape, expected
        self.count = 0
        self._digest = hashlib.sha256(repr((expected, *shape)).encode())
        self._file = path.open("wb")
        self._file.write(npy_header((expected, *shape)))

    def __enter__(self) -> ImageFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, image: np.ndarray) -> None:
        """Appends one image, uint8 [H, W, C]; raises `OSError` if the disk is full."""
        assert image.shape == self.shape and image.dtype == np.uint8
        content = np.ascontiguousarray(image).data
        self._file.write(content)
        self._digest.update(content)
        self.count += 1

    def finish(self, labels: np.ndarray | None) -> str:
        """Completes the file; returns the fingerprint of images and labels, as `content_fingerprint`."""
        if self.count != self.expected:
            self._file.seek(0)
            self._file.write(npy_header((self.count, *self.shape)))
        self._file.flush()
        if self.count != self.expected:
            return content_fingerprint(np.load(self.path, mmap_mode="r"), labels)
        if labels is not None:
            self._digest.update(labels.astype("<i4").tobytes())
        return self._digest.hexdigest()


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The header of a file of uint8 in numpy's format 1.0, of `HEADER_BYTES` bytes for any shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}"
    length = HEADER_BYTES - 10
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + f"{text:<{length - 1}}\n".encode("ascii")
