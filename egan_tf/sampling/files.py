"""Samples written to disk: an array, a picture, or a folder of pictures, each whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.pictures import MAX_GRID, grid_shape, picture, to_image, to_pixels
from egan_tf.utils.checks import InputError, integer, require

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import Sampler

_FOREIGN_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".npz", ".csv", ".txt", ".zip", ".pdf", ".pt", ".onnx")
)


def write_samples(sampler: Sampler, out: Path, count: int, seed: int) -> str:
    """Makes samples and writes them: `.npy` an array, `.png` a picture, any other name a folder of PNG files.

    Args:
        sampler: where the samples come from.
        out: the file or folder to make; a file is replaced, a folder must be new or empty.
        count: how many samples.
        seed: seed of the noise.

    Returns:
        What was written, in words.

    Raises:
        InputError: something cannot be used or written. `out` then is as it was before.
    """
    recipe, suffix = sampler.recipe, out.suffix.lower()
    integer("count", count)
    integer("seed", seed, minimum=0)
    try:
        _check_out(out)
    except OSError as error:
        raise InputError("out", f"cannot write there: {error}") from error
    if suffix == ".npy":
        samples = sampler.sample(count, seed)
        _publish(out, lambda partial: _save_array(samples, partial))
        return f"{count} samples, float32 {list(samples.shape)}, to {out}"
    if suffix == ".png":
        require(recipe.is_point or count <= MAX_GRID, "count", f"a grid takes at most {MAX_GRID}; use a folder")
        sheet = picture(sampler.sample(count, seed), recipe)
        _publish(out, lambda partial: sheet.save(partial, format="PNG"))
        shape = "points in a plot" if recipe.is_point else "images, {} x {},".format(*grid_shape(count))
        return f"{count} {shape} to {out}"
    require(recipe.is_image, "out", f"a folder takes images, not samples of shape {recipe.sample_shape}; use .npy")
    _publish(out, lambda partial: _save_folder(sampler, partial, count, seed))
    return f"{count} images to the folder {out}"


def _check_out(out: Path) -> None:
    kind = out.suffix.lower()
    require(kind not in _FOREIGN_SUFFIXES, "out", f"cannot write {kind}; use .png, .npy or the name of a folder")
    require(out.name not in ("", ".."), "out", "must end in the name of a file or folder")
    require(out.parent.is_dir(), "out", f"no folder {out.parent}; make it first")
    if kind in (".npy", ".png"):
        require(not out.is_dir(), "out", f"{out} is a folder; choose another name")
    else:
        require(not out.exists() or out.is_dir(), "out", f"{out} is a file; choose another name, or .png or .npy")
        empty = not out.exists() or not any(out.iterdir())
        require(empty, "out", f"the folder {out} is not empty; choose another name")


def _publish(out: Path, save: Callable[[Path], object]) -> None:
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        save(partial)
        partial.replace(out)
    except OSError as error:
        raise InputError("out", f"cannot write {out}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        with contextlib.suppress(OSError):
            partial.unlink()


def _save_array(samples: np.ndarray, partial: Path) -> None:
    with partial.open("wb") as file:
        np.save(file, samples, allow_pickle=False)


def _save_folder(sampler: Sampler, partial: Path, count: int, seed: int) -> None:
    partial.mkdir()
    digits, index = max(5, len(str(count - 1))), 0
    for batch in sampler.batches(count, seed):
        for pixels in to_pixels(batch, sampler.recipe):
            to_image(pixels).save(partial / f"{index:0{digits}d}.png", format="PNG")
            index += 1
