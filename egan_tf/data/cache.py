"""The cache of decoded images: `data_dir/decoded/KEY/` with images.npy, labels.npy and manifest.json.

An entry is written beside its place and renamed, so that it is complete or not there. One that has been damaged since
is noticed by its sizes, its shape and, where it fits into memory, its fingerprint.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from egan_tf.data.aligned import read_only_copy
from egan_tf.data.image_file import HEADER_BYTES
from egan_tf.data.images import content_fingerprint
from egan_tf.utils.atomic import remove_leftovers
from egan_tf.utils.locks import directory_lock
from egan_tf.utils.paths import user_path

FORMAT = "egan_tf decoded images 1"
FOLDER, IMAGES, LABELS, MANIFEST = "decoded", "images.npy", "labels.npy", "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What the files of an entry hold.

    Attributes:
        format: `FORMAT`.
        key: of the entry.
        shape: [N, H, W, C].
        fingerprint: of images and labels.
        skipped: (name, reason) of every picture that was left out.
        sizes: bytes of the files.
        complete: whether every picture was read; False if one was left out for a reason that may pass, such as its
            rights, so that the next start decodes all anew.
    """

    format: str
    key: str
    shape: tuple[int, ...]
    fingerprint: str
    skipped: tuple[tuple[str, str], ...]
    sizes: dict[str, int]
    complete: bool = True

    def to_json(self) -> str:
        """The manifest as JSON."""
        return json.dumps(asdict(self), indent=1)


@dataclass(frozen=True)
class Entry:
    """An entry that has been read: images uint8 [N, H, W, C], labels int32 [N] or None, and the manifest."""

    images: np.ndarray
    labels: np.ndarray | None
    manifest: Manifest


def entry_key(content: Mapping[str, Any]) -> str:
    """The name of an entry: SHA-256 (hex) of JSON values that say which images it holds."""
    text = json.dumps({"format": FORMAT, **content}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def entry_path(data_dir: Path, key: str) -> Path:
    """The folder of an entry."""
    return data_dir / FOLDER / key


def read_entry(path: Path, memory_bytes: float) -> Entry | None:
    """Reads an entry; None if it is missing or damaged.

    Args:
        path: its folder.
        memory_bytes: images of up to this many bytes are loaded into memory; more are memory-mapped.
    """
    try:
        manifest = _read_manifest(path)
        if any((path / name).stat().st_size != size for name, size in manifest.sizes.items()):
            return None
        # mmap_mode reads no more than the header; it refuses a file that is shorter than it says.
        images = np.load(path / IMAGES, mmap_mode="r", allow_pickle=False)
        labels = np.load(path / LABELS, allow_pickle=False) if LABELS in manifest.sizes else None
        if images.shape != manifest.shape or images.dtype != np.uint8:
            return None
        if labels is not None and (labels.shape, labels.dtype) != (images.shape[:1], np.dtype(np.int32)):
            return None
        if images.nbytes <= memory_bytes:
            images = read_only_copy(images)
            if content_fingerprint(images, labels) != manifest.fingerprint:
                return None
    except Exception:  # damage may raise anything, as numpy evaluates headers as Python
        return None
    with contextlib.suppress(OSError):  # a folder that may not be written: its entries are not removed either
        os.utime(path / MANIFEST)
    return Entry(images, labels, manifest)


def needed_bytes(count: int, shape: tuple[int, ...]) -> int:
    """Bytes of an entry of `count` images, about."""
    return count * (int(np.prod(shape)) + 4) + 2 * HEADER_BYTES


def make_room(folder: Path, needed: int, limit: float) -> int:
    """Removes the least recently used entries until `needed` bytes more stay within `limit`.

    An entry that another process reads stays readable there, but for Windows.

    Args:
        folder: the cache.
        needed: bytes of the new entry; at most `limit`.
        limit: bytes of all entries.

    Returns:
        The number of entries removed.
    """
    removed = 0
    with directory_lock(folder, wait=True):
        remove_leftovers(folder)
        sizes = {path: _size(path) for path in folder.iterdir() if path.is_dir()}
        for path in sorted(filter(_is_entry, sizes), key=_last_use):
            if sum(sizes.values()) + needed <= limit:
                break
            _remove(path)
            del sizes[path]
            removed += 1
    return removed


def clear_cache(data_dir: str | Path) -> int:
    """Removes all decoded images below `data_dir`; they are decoded again when they are needed.

    Returns:
        The number of bytes freed.

    Raises:
        OSError: the folder cannot be changed.
    """
    folder = user_path("data_dir", data_dir) / FOLDER
    if not folder.is_dir():
        return 0
    freed = 0
    with directory_lock(folder, wait=True):
        remove_leftovers(folder)
        for path in filter(_is_entry, sorted(folder.iterdir())):
            freed += _size(path)
            _remove(path)
    return freed


def _is_entry(path: Path) -> bool:
    """False for an entry that another process is writing."""
    return path.is_dir() and not path.name.startswith(".")


def _read_manifest(path: Path) -> Manifest:
    """Raises an exception unless the manifest is whole and belongs to this path."""
    values = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    skipped = tuple((str(name), str(reason)) for name, reason in values.pop("skipped"))
    sizes = {str(name): int(size) for name, size in values.pop("sizes").items()}
    manifest = Manifest(**{**values, "shape": tuple(values["shape"]), "skipped": skipped, "sizes": sizes})
    if (manifest.format, manifest.key) != (FORMAT, path.name) or IMAGES not in sizes:
        raise ValueError("another manifest")
    return manifest


def _last_use(path: Path) -> float:
    try:
        return (path / MANIFEST).stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    total = 0
    for file in path.iterdir():
        with contextlib.suppress(OSError):
            total += file.stat().st_size
    return total


def _remove(path: Path) -> None:
    # Without its manifest an entry is none, wherever the removal is interrupted.
    (path / MANIFEST).unlink(missing_ok=True)
    shutil.rmtree(path)
