"""Samples beside their nearest training images, as a picture or as a table of indices and distances."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.array_files import save_arrays
from egan_tf.sampling.destination import PICTURE, TABLE, check_destination, open_destination
from egan_tf.sampling.memorization import Comparison, compare
from egan_tf.sampling.nearest import Progress
from egan_tf.sampling.noise import check_seed, seed_text
from egan_tf.sampling.pictures import MAX_GRID_IMAGES, MAX_PIXELS, save_png
from egan_tf.sampling.training_images import OPTIONS, load_training_images, trained_options
from egan_tf.sampling.truncation import check_truncation, description
from egan_tf.utils.checks import integer, require
from egan_tf.utils.log_line import log_line

if TYPE_CHECKING:
    from egan_tf.sampling.sampler import Sampler

DEFAULT_COUNT, DEFAULT_NEIGHBOURS = 16, 5
MAX_TABLE = 1_000_000
PROGRESS_SECONDS = 10.0


def write_nearest(
    sampler: Sampler,
    out: str | os.PathLike[str],
    dataset: str,
    data_dir: str | os.PathLike[str],
    count: int = DEFAULT_COUNT,
    seed: int = 0,
    *,
    k: int = DEFAULT_NEIGHBOURS,
    flip: bool = False,
    truncation: float = 1.0,
    overwrite: bool = False,
) -> tuple[str, str]:
    """Finds the nearest training images of samples, and writes them.

    - `.png`: a row for each sample, the sample first;
    - `.npz`: `indices` int64 and `distances` float64 [count, k], the nearest first; `training_indices` int64 and
      `training_distances` float64 [r], training images and their distances to the nearest other one; `seed`, an
      integer below 2^64 and text above; `truncation`.

    Args:
        sampler: the exported generator, of images.
        out: the file to write; see `check_destination`.
        dataset: the data string of the training set.
        data_dir: folder of prepared data sets.
        count: the number of samples.
        seed: of the noise.
        k: neighbours of each sample.
        flip: whether the generator was trained on mirrored images, too; see `compare`. If the card beside the model
            says so, it is.
        truncation: factor of the noise; see `egan_tf.sampling.truncation`.
        overwrite: replaces an existing file, but never one of an export.

    Returns:
        A phrase for a message, and what the distances say.

    Raises:
        InputError: an argument is invalid, the data set cannot be loaded or does not fit, or `out` cannot or must not
            be written; it is then unchanged.
    """
    count, k = integer("count", count), integer("neighbours", k)
    check_seed(seed)
    truncation = check_truncation(truncation)
    place = check_destination(out, sampler.path, overwrite, (PICTURE, TABLE))
    shape = sampler.spec.sample_shape
    require(sampler.spec.is_image, "nearest", f"takes a generator of images, not of samples of shape {shape}")
    cells, limit = count * (k + 1), MAX_GRID_IMAGES if place.kind == PICTURE else MAX_TABLE
    require(cells <= limit, "count", f"with {k} neighbours takes at most {limit // (k + 1)}, got {count}")
    pixels = cells * shape[0] * shape[1]
    fits = place.kind != PICTURE or pixels <= MAX_PIXELS
    require(fits, "count", f"a picture takes at most {MAX_PIXELS:,} pixels, got {pixels:,}; take fewer samples")
    trained = trained_options(sampler.path, dataset)
    options = None if trained is None else {name: trained[name] for name in OPTIONS}
    images = load_training_images(dataset, data_dir, shape, options)
    flip = flip or (trained is not None and trained["flip"])
    found = compare(sampler, images, count, seed, k, truncation, log_progress(), flip=flip)
    said = description(truncation)
    with open_destination(place) as file:
        if place.kind == PICTURE:
            text = f"samples and their {k} nearest training images, seed {seed_text(seed)}{said}"
            save_png(found.picture(), file, text)
        else:
            save_arrays(_table(found, seed, truncation), file)
    return f"{count} samples with their {k} nearest of {found.total:,} images, to {place.path}{said}", found.summary


def _table(found: Comparison, seed: int, truncation: float) -> dict[str, np.ndarray]:
    return {
        "indices": found.neighbours.indices,
        "distances": found.neighbours.distances,
        "training_indices": found.members,
        "training_distances": found.member_distances,
        "seed": np.array(seed if seed < 1 << 64 else seed_text(seed)),
        "truncation": np.array(truncation),
    }


def log_progress(seconds: float = PROGRESS_SECONDS) -> Progress:
    """A function that logs a line every so many seconds."""
    last = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            log_line(f"compared with {done:,} of {total:,} training images")

    return report
