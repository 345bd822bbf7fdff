"""What an array in numpy's format claims to be, read without the array."""

from __future__ import annotations

from typing import IO, NamedTuple

import numpy as np


class ArrayHeader(NamedTuple):
    """Shape, type and order of an array of more than one axis."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool

    @property
    def bytes(self) -> int:
        """Bytes of the content, without overflow."""
        total = self.dtype.itemsize
        for size in self.shape:
            total *= int(size)
        return total


def read_array_header(file: IO[bytes]) -> ArrayHeader:
    """Reads the header at the position of the file, which is then that of the content.

    Raises:
        ValueError: it is no such header, has a negative size, or the array holds Python objects.
        EOFError: the file ends within.
    """
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = reader(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects; store an array of numbers")
    if any(size < 0 for size in shape):
        raise ValueError(f"it claims the shape {shape}")
    return ArrayHeader(shape, dtype, fortran and len(shape) > 1)
