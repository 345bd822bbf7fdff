"""Arrays that TensorFlow takes over without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

ALIGNMENT = 64
"""Bytes. TensorFlow ends the process on a tensor whose memory begins elsewhere."""


def aligned_empty(shape: tuple[int, ...]) -> np.ndarray:
    """An uninitialised array of uint8 whose memory begins at a multiple of `ALIGNMENT`."""
    size = int(np.prod(shape))
    memory = np.empty(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size].reshape(shape)


def read_only_copy(array: np.ndarray) -> np.ndarray:
    """An aligned, contiguous, read-only copy of an array of uint8."""
    copied = aligned_empty(array.shape)
    copied[...] = array
    copied.flags.writeable = False
    return copied


def as_tensor(array: np.ndarray) -> tf.Tensor:
    """A uint8 tensor of the content in host memory; of an aligned array, the same memory, which must never change."""
    import tensorflow as tf

    with tf.device("CPU"):
        if array.ctypes.data % ALIGNMENT == 0 and array.flags.c_contiguous:
            shared = array.view()
            try:
                shared.flags.writeable = True  # DLPack passes no read-only arrays on
                return tf.experimental.dlpack.from_dlpack(shared.__dlpack__())
            except (ValueError, BufferError):  # memory that belongs to someone else
                pass
        return tf.constant(array)
