"""Samples as files: an array, a picture, or a directory of pictures, each complete or absent."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.pictures import MAX_GRID_IMAGES, grid_shape, picture, to_image, to_pixels
from egan_tf.utils.atomic import atomic_directory, atomic_file, remove_leftovers
from egan_tf.utils.checks import InputError, integer, require

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import Sampler

_OTHER_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".npz", ".csv", ".txt", ".zip", ".pdf", ".pt", ".onnx")
)


def write_samples(sampler: Sampler, out: Path, count: int, seed: int) -> str:
    """Draws samples and writes them: `.npy` an array, `.png` a picture, any other name a directory of PNG files.

    Args:
        sampler: the exported generator.
        out: the file or directory to write; a file is replaced, a directory must be new or empty.
        count: the number of samples.
        seed: of the noise.

    Returns:
        A phrase for a message, such as "64 images, 8 x 8, to grid.png".

    Raises:
        InputError: an argument is invalid, or `out` cannot be written; it is then unchanged.
    """
    spec, suffix = sampler.spec, out.suffix.lower()
    integer("count", count)
    integer("seed", seed, minimum=0)
    with _input_errors("cannot write there"):
        _check_out(out)
    if suffix == ".npy":
        samples = sampler.sample(count, seed)
        _write_array(samples, out)
        return f"{count} samples, float32 {list(samples.shape)}, to {out}"
    if suffix == ".png":
        valid = spec.is_point or count <= MAX_GRID_IMAGES
        require(valid, "count", f"a grid takes at most {MAX_GRID_IMAGES}; use a folder")
        _write_picture(sampler, out, count, seed)
        shape = "points in a plot" if spec.is_point else "images, {} x {},".format(*grid_shape(count))
        return f"{count} {shape} to {out}"
    require(spec.is_image, "out", f"a folder takes images, not samples of shape {spec.sample_shape}; use .npy")
    _write_directory(sampler, out, count, seed)
    return f"{count} images to the folder {out}"


def _check_out(out: Path) -> None:
    kind = out.suffix.lower()
    require(kind not in _OTHER_SUFFIXES, "out", f"cannot write {kind}; use .png, .npy or the name of a folder")
    require(out.name not in ("", ".."), "out", "must end in the name of a file or folder")
    require(out.parent.is_dir(), "out", f"no folder {out.parent}; make it first")
    if kind in (".npy", ".png"):
        require(not out.is_dir(), "out", f"{out} is a folder; choose another name")
    else:
        require(not out.exists() or out.is_dir(), "out", f"{out} is a file; choose another name, or .png or .npy")
        empty = not out.exists() or not any(out.iterdir())
        require(empty, "out", f"the folder {out} is not empty; choose another name")


@contextlib.contextmanager
def _input_errors(problem: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError("out", f"{problem}: {error.strerror or error}") from error


def _write_array(samples: np.ndarray, out: Path) -> None:
    with _input_errors(f"cannot write {out}"):
        remove_leftovers(out.parent, out.name)
        with atomic_file(out) as file:
            np.save(file, samples, allow_pickle=False)


def _write_picture(sampler: Sampler, out: Path, count: int, seed: int) -> None:
    image = picture(sampler.sample(count, seed), sampler.spec)
    with _input_errors(f"cannot write {out}"):
        remove_leftovers(out.parent, out.name)
        with atomic_file(out) as file:
            image.save(file, format="PNG")


def _write_directory(sampler: Sampler, out: Path, count: int, seed: int) -> None:
    digits, index = max(5, len(str(count - 1))), 0
    with _input_errors(f"cannot write {out}"):
        remove_leftovers(out.parent, out.name)
        with atomic_directory(out) as partial:
            for batch in sampler.batches(count, seed):
                for pixels in to_pixels(batch, sampler.spec):
                    to_image(pixels).save(partial / f"{index:0{digits}d}.png", format="PNG")
                    index += 1
