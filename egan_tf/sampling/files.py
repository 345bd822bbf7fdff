"""Samples as files: an array, a picture, or a directory of pictures, each complete or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.destination import (
    ARRAY,
    PICTURE,
    Destination,
    check_destination,
    input_errors,
    open_destination,
)
from egan_tf.sampling.noise import check_seed, check_start, seed_text
from egan_tf.sampling.pictures import check_grid, grid_shape, picture, save_png, to_image, to_pixels
from egan_tf.sampling.truncation import check_truncation, description
from egan_tf.utils.atomic import atomic_directory, remove_leftovers
from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import AnySampler


def write_samples(
    sampler: AnySampler,
    out: str | os.PathLike[str],
    count: int,
    seed: int,
    start: int = 0,
    *,
    truncation: float = 1.0,
    overwrite: bool = False,
    rows: int | None = None,
    dtype: str = "float32",
) -> str:
    """Draws samples and writes them: `.npy` an array, `.png` a picture, a name without a dot a directory of PNG files.

    Args:
        sampler: the exported generator; of a class-conditional one `Sampler.at(labels)`.
        out: the file or directory to write; see `check_destination`. A directory must be new or empty.
        count: the number of samples.
        seed: of the noise.
        start: number of the first sample; the files in a directory are named by the numbers.
        truncation: factor of the noise; see `egan_tf.sampling.truncation`.
        overwrite: replaces an existing file, but never one of an export.
        rows: of a grid; None for a nearly square one.
        dtype: of an array, as in `Sampler.sample`; pictures have bytes.

    Returns:
        A phrase for a message, such as "64 images, 8 x 8, to grid.png".

    Raises:
        InputError: an argument is invalid, a sample is not finite, or `out` cannot or must not be written; it is then
            unchanged.
    """
    spec = sampler.spec
    check_start(start, integer("count", count))
    check_seed(seed)
    truncation = check_truncation(truncation)
    said = f"{_first(start)}{description(truncation)}"
    place = check_destination(out, sampler.path, overwrite)
    if place.kind == ARRAY:
        samples = sampler.sample(count, seed, start, truncation=truncation, dtype=dtype)
        write_array(samples, place)
        return f"{count} samples, {samples.dtype} {list(samples.shape)}, to {place.path}{said}"
    if place.kind == PICTURE:
        check_grid(count, spec)
        image = picture(sampler.sample(count, seed, start, truncation=truncation), spec, rows)
        with open_destination(place) as file:
            save_png(image, file, f"seed {seed_text(seed)}{said}" if said else "")
        shape = (
            "points in a plot"
            if spec.is_point
            else "images, {} x {},".format(*((rows, count // rows) if rows else grid_shape(count)))
        )
        return f"{count} {shape} to {place.path}{said}"
    require(spec.is_image, "out", f"a folder takes images, not samples of shape {spec.sample_shape}; use .npy")
    _write_directory(sampler, place, sampler.batches(count, seed, start, truncation=truncation), start, count)
    return f"{count} images to the folder {place.path}{said}"


def _first(start: int) -> str:
    """What the end of a message says of the first sample: "" for number 0."""
    return "" if start == 0 else f", from sample {start}"


def write_array(samples: np.ndarray, place: Destination) -> None:
    """Writes an array as `.npy`."""
    with open_destination(place) as file:
        np.save(file, samples, allow_pickle=False)


def _write_directory(
    sampler: AnySampler, place: Destination, batches: Iterator[np.ndarray], start: int, count: int
) -> None:
    digits, index = max(5, len(str(start + count - 1))), start
    with input_errors(f"cannot write {place.path}"):
        remove_leftovers(place.path.parent, place.path.name)
        with atomic_directory(place.path) as partial:
            for batch in batches:
                for pixels in to_pixels(batch, sampler.spec):
                    to_image(pixels).save(partial / f"{index:0{digits}d}.png", format="PNG")
                    index += 1
