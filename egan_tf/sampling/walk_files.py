"""Latent walks as files: rows of images, an animation, or an array."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from egan_tf.sampling.animation import (
    ANIMATIONS,
    DEFAULT_FPS,
    FRAME_SIDE,
    MAX_FRAMES,
    check_fps,
    check_kind,
    image_frames,
    save_animation,
)
from egan_tf.sampling.destination import ARRAY, GIF, PICTURE, WEBP, Destination, check_destination, open_destination
from egan_tf.sampling.files import write_array
from egan_tf.sampling.noise import check_seed, seed_text
from egan_tf.sampling.pictures import MAX_GRID_IMAGES, MAX_PIXELS, enlarge, save_png, sheet, to_image, to_pixels
from egan_tf.sampling.plots import SIDE, axis_limit, path_plot, scatter_plot
from egan_tf.sampling.sampler import AnySampler
from egan_tf.sampling.truncation import check_truncation, description, truncate
from egan_tf.sampling.walk import walk
from egan_tf.utils.checks import InputError, integer, require

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_COUNT, DEFAULT_POINTS = 8, 512
MAX_STEPS = 1000
MAX_DOTS = 100_000


def write_walk(
    sampler: AnySampler,
    out: str | os.PathLike[str],
    steps: int,
    count: int | None,
    seed: int,
    *,
    truncation: float = 1.0,
    fps: int | None = None,
    overwrite: bool = False,
) -> str:
    """Interpolates from each sample to the next, and writes the images or points on the way.

    - `.png`: one row for each pair, its ends being samples i and i + 1; of points a plot of the paths;
    - `.npy`: the same as an array float32 [count - 1, steps, *sample_shape];
    - `.gif` and `.webp`: an endless loop through all samples and back to the first; of points all of them at once,
      each on its way to the place of the next.

    Args:
        sampler: the exported generator.
        out: the file to write; see `check_destination`.
        steps: images in a row, the two samples included, 2 to `MAX_STEPS`.
        count: the number of samples, at least 2; None for `DEFAULT_COUNT`, or `DEFAULT_POINTS` in an animation.
        seed: of the noise.
        truncation: factor of the noise; see `egan_tf.sampling.truncation`.
        fps: frames per second of an animation; None for `DEFAULT_FPS`.
        overwrite: replaces an existing file, but never one of an export.

    Returns:
        A phrase for a message.

    Raises:
        InputError: an argument is invalid, the walk is too large, a sample is not finite, or `out` cannot or must not
            be written; it is then unchanged.
    """
    steps = integer("walk", steps, 2, MAX_STEPS)
    check_seed(seed)
    truncation = check_truncation(truncation)
    place = check_destination(out, sampler.path, overwrite, (PICTURE, GIF, WEBP, ARRAY))
    animated = place.kind in ANIMATIONS
    require(fps is None or animated, "fps", f"is for .gif and .webp, not for {place.kind}")
    default = DEFAULT_POINTS if animated and sampler.spec.is_point else DEFAULT_COUNT
    count = integer("count", default if count is None else count, 2)
    said = description(truncation)
    if place.kind == ARRAY:
        array = _array(sampler, steps, count, seed, truncation)
        write_array(array, place)
        return f"walks between {count} samples, float32 {list(array.shape)}, to {place.path}{said}"
    shape = sampler.spec.sample_shape
    require(sampler.spec.is_drawable, "out", f"cannot draw samples of shape {shape}; use a name ending in .npy")
    if animated:
        fps = DEFAULT_FPS if fps is None else check_fps(fps)
        frames = _write_animation(sampler, place, steps, count, seed, truncation, fps)
        return f"a loop of {frames} frames through {count} samples, to {place.path}{said}"
    image = walk_picture(sampler, steps, count, seed, truncation)
    with open_destination(place) as file:
        save_png(image, file, f"walk of {steps} steps, seed {seed_text(seed)}{said}")
    return f"{count - 1} walks of {steps} steps between {count} samples, to {place.path}{said}"


def walk_samples(
    sampler: AnySampler, steps: int, count: int, seed: int, truncation: float = 1.0, *, closed: bool = False
) -> Iterator[np.ndarray]:
    """Yields the samples of `egan_tf.sampling.walk.walk` for each pair, float32 [steps, *sample_shape].

    The ends are the samples of `sampler.sample` bit for bit; those between depend on the two samples and `steps` only.
    With `closed` the last pair leads back to the first sample, and every end is in one path only: [steps - 1, ...].
    """
    noise, ends = sampler.noise(count, seed), sampler.sample(count, seed, truncation=truncation)
    for i, path in enumerate(walk(noise, steps, sampler.distribution, closed=closed)):
        between = truncate(path[1:] if closed else path[1:-1], truncation)
        inner = [sampler.generate(between)] if len(between) else []
        yield np.concatenate([ends[i : i + 1], *inner, *([] if closed else [ends[i + 1 : i + 2]])])


def _array(sampler: AnySampler, steps: int, count: int, seed: int, truncation: float) -> np.ndarray:
    shape = (count - 1, steps, *sampler.sample_shape)
    try:
        array = np.empty(shape, np.float32)
    except (MemoryError, ValueError, OverflowError) as error:
        raise InputError("walk", f"float32 {list(shape)} does not fit into memory; take fewer") from error
    for i, samples in enumerate(walk_samples(sampler, steps, count, seed, truncation)):
        array[i] = samples
    return array


def walk_picture(sampler: AnySampler, steps: int, count: int, seed: int, truncation: float = 1.0) -> Image:
    """The picture that `write_walk` writes; the samples must be images or points.

    Raises:
        InputError: the walk is too large, or a sample is not finite.
    """
    spec, cells = sampler.spec, (count - 1) * steps
    if spec.is_point:
        _check_size(cells, MAX_DOTS, "points")
        return path_plot(np.stack(list(walk_samples(sampler, steps, count, seed, truncation))))
    height, width = spec.sample_shape[:2]
    _check_size(cells, MAX_GRID_IMAGES, "images")
    _check_size(cells * height * width, MAX_PIXELS, "pixels")
    rows = [to_pixels(samples, spec) for samples in walk_samples(sampler, steps, count, seed, truncation)]
    return enlarge(to_image(sheet(np.stack(rows))), max(height, width))


def _write_animation(
    sampler: AnySampler, place: Destination, steps: int, count: int, seed: int, truncation: float, fps: int
) -> int:
    """Writes the loop; returns the number of frames."""
    spec = sampler.spec
    check_kind(place.kind)
    frames = steps - 1 if spec.is_point else count * (steps - 1)
    _check_size(frames, MAX_FRAMES, "frames")
    if spec.is_point:
        _check_size(frames * SIDE * SIDE, MAX_PIXELS, "pixels")
        _check_size(count, MAX_DOTS, "points")
        moving = np.stack(list(walk_samples(sampler, steps, count, seed, truncation, closed=True)), axis=1)
        limit = axis_limit(moving.reshape(-1, 2))
        pictures: Iterator[Any] = (scatter_plot(points, limit) for points in moving)
    else:
        side = max(spec.sample_shape[:2])
        _check_size(frames * (side * math.ceil(FRAME_SIDE / side)) ** 2, MAX_PIXELS, "pixels")
        paths = walk_samples(sampler, steps, count, seed, truncation, closed=True)
        pictures = image_frames((to_pixels(path, spec) for path in paths), place.kind)
    with open_destination(place) as file:
        save_animation(pictures, place.kind, fps, file)
    return frames


def _check_size(number: int, limit: int, what: str) -> None:
    require(number <= limit, "walk", f"takes at most {limit:,} {what}, got {number:,}; take fewer samples or steps")
