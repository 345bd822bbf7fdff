"""`npy:PATH`: an array of images in a file of numpy, which is memory-mapped in place if it is large."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from egan_tf.data.about import About
from egan_tf.data.aligned import read_only_copy
from egan_tf.data.array_checks import image_shape, read_problem
from egan_tf.data.array_header import read_array_header
from egan_tf.data.array_pictures import ArrayPictures
from egan_tf.data.images import ImageDataset
from egan_tf.data.names import short_name
from egan_tf.data.options import ImageOptions
from egan_tf.utils.checks import InputError, format_value, one_of, require

MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK"
MIB = 2**20


def load(argument: str, data_dir: Path, split: str = "train") -> NpyPictures:
    """The images of a .npy file: uint8 [N, H, W, C], or [N, H, W] of grey images.

    Args:
        argument: path of the file.
        data_dir: unused.
        split: "train", the only one.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    check(argument, data_dir, split)
    path = Path(argument).expanduser()
    try:
        with path.open("rb") as file:
            header = read_array_header(file)
            whole = file.tell() + header.bytes <= path.stat().st_size
            require(whole, "dataset", f"{path.name} is cut off: it claims {list(header.shape)} {header.dtype}")
            shape = image_shape(path.name, header.shape, header.dtype)
            place = file.tell()
            array = np.memmap(path, np.uint8, "r", place, header.shape, order="F" if header.fortran else "C")
    except InputError:
        raise
    except Exception as error:  # numpy raises whatever it meets in damaged content
        raise read_problem(path, error) from error
    return NpyPictures(path, short_name(f"npy:{argument}"), array.reshape(shape))


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, ("train",))
    path = existing_file(argument, "a .npy file of images uint8 [N, H, W, C]")
    start = first_bytes(path, len(MAGIC))
    if start.startswith(ZIP_MAGIC):
        raise InputError("dataset", f"{format_value(str(path))} is a .npz file; write npz:{argument}")
    require(start == MAGIC, "dataset", f"{format_value(str(path))} is no .npy file; write it with np.save")


class NpyPictures(ArrayPictures):
    """The images of one array on disk."""

    def __init__(self, path: Path, name: str, array: np.ndarray) -> None:
        """Args: path: of the file. name: of the data set. array: uint8 [N, H, W, C], memory-mapped."""
        status = path.stat()
        about = About(f"{len(array):,} images of a .npy file, {'x'.join(map(str, array.shape[1:]))}.", source=path.name)
        key = {"kind": "npy", "path": str(path.resolve()), "size": status.st_size, "mtime": status.st_mtime_ns}
        super().__init__(name, array.shape, lambda: iter(array), None, (), about, "train", key)
        self._array = array

    def ready(self, options: ImageOptions) -> ImageDataset | None:
        """The array itself, unless a resolution or other channels are given; in memory if it fits."""
        # A file in Fortran's order would be read all over the place.
        in_order = self._array.flags.c_contiguous
        fits = self._array.nbytes <= options.memory_mb * MIB
        if options.changes_images or not (in_order or fits):
            return None
        images = read_only_copy(self._array) if fits else self._array
        return ImageDataset(self.name, images, about=self.about, split=self.split, options=options)


def existing_file(argument: str, expected: str) -> Path:
    """The path of a regular file; raises `InputError` if there is none."""
    try:
        path = Path(argument).expanduser()
        shown = format_value(str(path))
        require(path.exists(), "dataset", f"{shown} does not exist; expected {expected}")
        require(path.is_file(), "dataset", f"{shown} is no file; expected {expected}")
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise read_problem(argument, error) from error
    return path


def first_bytes(path: Path, count: int) -> bytes:
    """The beginning of a file; raises `InputError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise read_problem(path, error) from error
