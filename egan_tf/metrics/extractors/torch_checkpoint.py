"""Reads the tensors of a torch checkpoint, without torch and without running code from the pickle.

The format is that of `torch.save` before torch 1.6: pickles of a magic number, a version and the sizes of the machine;
the pickled state, which refers to storages by persistent ids; the keys of the storages; then the length and the bytes
of each storage.
"""

from __future__ import annotations

import collections
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from egan_tf.utils.checks import InputError

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype
    length: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _StorageType(NamedTuple):
    """Replaces a storage class of torch."""

    dtype: np.dtype


def _tensor(storage: _Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> _Tensor:
    """Replaces the function of torch that builds a tensor."""
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


_ALLOWED: dict[tuple[str, str], Callable[..., Any] | _StorageType] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): _StorageType(np.dtype("<f4")),
    ("torch", "LongStorage"): _StorageType(np.dtype("<i8")),
}


class _Unpickler(pickle.Unpickler):
    """Allows only the names in a checkpoint of plain tensors."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a checkpoint of tensors")
        return _ALLOWED[module, name]

    def persistent_load(self, identity: Any) -> _Storage:
        kind, storage_type, key, _, length, *view = identity
        if kind != "storage" or not isinstance(storage_type, _StorageType) or any(part is not None for part in view):
            raise pickle.UnpicklingError("a reference to something else than a storage")
        return _Storage(str(key), storage_type.dtype, int(length))


def read_checkpoint(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a checkpoint, by name.

    Args:
        path: a state dictionary of float32 and int64 tensors, saved by torch before 1.6.

    Raises:
        InputError: the file cannot be read, is no such checkpoint, is damaged, or holds other objects.
    """
    try:
        return _read(path.read_bytes())
    except OSError as error:
        raise InputError("extractor", f"cannot read {path}: {error.strerror}") from error
    # A damaged pickle may raise almost anything.
    except Exception as error:
        raise InputError("extractor", f"{path} is no checkpoint of plain tensors, or is damaged: {error}") from error


def _read(content: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(content)
    if (_Unpickler(file).load(), _Unpickler(file).load()) != (MAGIC, VERSION):
        raise ValueError("it does not begin as one")
    if not _Unpickler(file).load()["little_endian"]:
        raise ValueError("its numbers are big-endian")
    state = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    if not all(isinstance(tensor, _Tensor) for tensor in state.values()):
        raise ValueError("it holds something else than tensors")
    expected = {tensor.storage.key: tensor.storage for tensor in state.values()}
    storages = {}
    for key in keys:
        storage = expected[key]
        (length,) = np.frombuffer(file.read(8), "<i8")
        if length != storage.length:
            raise ValueError("a storage has another length than its tensors say")
        numbers = file.read(storage.length * storage.dtype.itemsize)
        storages[key] = np.frombuffer(numbers, storage.dtype, storage.length)
    return {str(name): _view(storages[tensor.storage.key], tensor) for name, tensor in state.items()}


def _view(storage: np.ndarray, tensor: _Tensor) -> np.ndarray:
    if not tensor.shape:
        return np.array(storage[tensor.offset])
    numbers = (tensor.offset, *tensor.shape, *tensor.stride)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride, strict=True))
    if min(numbers) < 0 or 0 in tensor.shape or last >= len(storage):
        raise ValueError("a tensor lies outside of its storage")
    steps = [step * storage.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps, writeable=False).copy()
