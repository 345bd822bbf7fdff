"""`npz:PATH`: arrays of images and labels in one file of numpy. Nothing is unpickled, and no size is believed."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.aligned import aligned_empty
from egan_tf.data.array_checks import image_shape, label_array, names_of_classes, read_problem
from egan_tf.data.array_header import ArrayHeader, read_array_header
from egan_tf.data.array_pictures import ArrayPictures
from egan_tf.data.images import ImageDataset
from egan_tf.data.names import short_name
from egan_tf.data.npy_file import MIB, ZIP_MAGIC, existing_file, first_bytes
from egan_tf.data.options import ImageOptions
from egan_tf.utils.checks import InputError, format_value, one_of, require

EXPECTED = "a .npz file with the array images, uint8 [N, H, W, C], and if you like labels and class_names"
MAX_SMALL_BYTES = 64 * MIB
"""Labels and class names of more bytes are refused."""

PLAIN = {"train": ("images", "labels")}
KERAS = {"train": ("x_train", "y_train"), "test": ("x_test", "y_test")}


def load(argument: str, data_dir: Path, split: str = "train") -> NpzPictures:
    """The images of a .npz file: images, labels and class_names, or x_train, y_train, x_test and y_test.

    Args:
        argument: path of the file.
        data_dir: unused.
        split: "train"; or "test" if there is x_test.

    Raises:
        InputError: there is no such file or split, or the arrays are others.
    """
    check(argument, data_dir, split)
    path = Path(argument).expanduser()
    with _errors(path), zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
        arrays = _arrays_of(members, path)
        images, labels = arrays[one_of("split", split, arrays)]
        header = _read_header(archive, images)
        shape = image_shape(f"{path.name}: {images}", header.shape, header.dtype)
        require(not header.fortran, "dataset", f"{path.name}: {images} is in Fortran's order; use np.ascontiguousarray")
        found = _labels(archive, path, labels, shape[0]) if labels in members else None
        names = _class_names(archive, path, arrays["train"][1], found, members)
    return NpzPictures(path, short_name(f"npz:{argument}"), images, shape, found, names, split)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    path = existing_file(argument, EXPECTED)
    is_zip = first_bytes(path, len(ZIP_MAGIC)) == ZIP_MAGIC
    require(is_zip, "dataset", f"{format_value(str(path))} is no .npz file; write it with np.savez_compressed")
    with _errors(path), zipfile.ZipFile(path) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
    one_of("split", split, _arrays_of(names, path))


class NpzPictures(ArrayPictures):
    """The images of one array in a .npz file."""

    def __init__(
        self,
        path: Path,
        name: str,
        member: str,
        shape: tuple[int, ...],
        labels: np.ndarray | None,
        class_names: tuple[str, ...],
        split: str,
    ) -> None:
        """Args: path: of the file. member: name of the array. The others are those of `ArrayPictures`."""
        status = path.stat()
        classes = f" in {len(class_names)} classes" if class_names else ""
        described = f"{shape[0]:,} images of a .npz file{classes}, {'x'.join(map(str, shape[1:]))}."
        key = {"kind": "npz", "path": str(path.resolve()), "size": status.st_size, "mtime": status.st_mtime_ns}
        about = About(described, source=path.name)
        super().__init__(name, shape, self._read, labels, class_names, about, split, {**key, "member": member})
        self._path, self._member = path, member

    def ready(self, options: ImageOptions) -> ImageDataset | None:
        """All images, if they fit into memory and neither a resolution nor other channels are given."""
        if options.changes_images or np.prod(self.shape, dtype=float) > options.memory_mb * MIB:
            return None
        images = aligned_empty(self.shape)
        for index, row in enumerate(self._read()):
            images[index] = row
        images.flags.writeable = False
        return ImageDataset(self.name, images, self.labels, self.class_names, self.about, self.split, options=options)

    def _read(self) -> Iterator[np.ndarray]:
        """The images one after the other, so that a large array is never in memory."""
        size = int(np.prod(self.shape[1:]))
        with _errors(self._path), zipfile.ZipFile(self._path) as archive, _open(archive, self._member) as file:
            read_array_header(file)
            for _ in range(self.shape[0]):
                content = file.read(size)
                require(len(content) == size, "dataset", f"{self._path.name}: {self._member} is cut off")
                yield np.frombuffer(content, np.uint8).reshape(self.shape[1:])
            file.read(1)  # at the end of the member its checksum is compared


def _arrays_of(members: set[str], path: Path) -> dict[str, tuple[str, str]]:
    """The names of images and labels by split."""
    if "images" in members:
        return PLAIN
    found = {split: names for split, names in KERAS.items() if names[0] in members}
    if "train" in found:
        return found
    listed = ", ".join(sorted(members)[:8]) or "nothing"
    raise InputError("dataset", f"{format_value(str(path))} holds {listed}; expected {EXPECTED}")


def _labels(archive: zipfile.ZipFile, path: Path, member: str, count: int) -> np.ndarray:
    return label_array(f"{path.name}: {member}", _read_small(archive, member), count)


def _class_names(
    archive: zipfile.ZipFile, path: Path, train: str, labels: np.ndarray | None, members: set[str]
) -> tuple[str, ...]:
    """The names of the classes, the same for both splits."""
    if labels is None:
        given = "class_names" in members
        require(not given, "dataset", f"{path.name} holds class_names but no labels; store labels too")
        return ()
    names = _read_small(archive, "class_names") if "class_names" in members else None
    # A test split may lack a class.
    all_labels = labels
    if train in members and names is None:
        stored = _read_small(archive, train)
        all_labels = np.concatenate([label_array(f"{path.name}: {train}", stored, len(stored)), labels])
    return names_of_classes(path.name, all_labels, names)


def _read_small(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    header = _read_header(archive, member)
    limit = f"{member} claims {header.bytes:,} bytes, more than {MAX_SMALL_BYTES:,}"
    require(header.bytes <= MAX_SMALL_BYTES, "dataset", limit)
    with _open(archive, member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_header(archive: zipfile.ZipFile, member: str) -> ArrayHeader:
    with _open(archive, member) as file:
        header = read_array_header(file)
        claimed = archive.getinfo(f"{member}.npy").file_size
        whole = file.tell() + header.bytes == claimed
        require(whole, "dataset", f"{member} is damaged: its size is not that of {list(header.shape)} {header.dtype}")
        return header


def _open(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    return archive.open(f"{member}.npy")


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (InputError, GeneratorExit):
        raise
    except Exception as error:  # zipfile, zlib and numpy raise whatever they meet in damaged content
        raise read_problem(path, error) from error
