"""Pictures of samples, with pillow: grids of images; plots of points are in `egan_tf.sampling.plots`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from egan_tf.sampling.plots import scatter_plot
from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import require

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_GRID_IMAGES = 10_000
MAX_PIXELS = 1 << 27
"""Of the samples in a picture, or of all frames of an animation; more takes gigabytes."""


def check_grid(count: int, spec: SamplingSpec) -> None:
    """Raises `InputError` if so many images are too large a grid; call it before they are drawn."""
    if not spec.is_image:
        return
    most = max_grid_images(spec)
    height, width = spec.sample_shape[:2]
    problem = f"a grid takes at most {most:,} images of {height} x {width}, got {count:,}; use a folder or .npy"
    require(count <= most, "count", problem)


def max_grid_images(spec: SamplingSpec) -> int:
    """The most images in a grid, by their number and by their pixels; at least one."""
    height, width = spec.sample_shape[:2]
    return max(1, min(MAX_GRID_IMAGES, MAX_PIXELS // (height * width)))


def picture(samples: np.ndarray, spec: SamplingSpec, rows: int | None = None) -> Image:
    """Draws samples: a grid of images, or a scatter plot of points.

    Args:
        samples: float [count, *spec.sample_shape].
        spec: shape and value range of the samples.
        rows: of the grid, which must divide the number of images; None for a nearly square grid.

    Returns:
        A pillow image. Small images are enlarged by an integer factor, so that 8×8 pixels can be seen.

    Raises:
        InputError: the samples are neither images nor points, or too many for a grid.
    """
    if spec.is_point:
        return scatter_plot(samples)
    require(spec.is_image, "out", f"cannot draw samples of shape {spec.sample_shape}; use a name ending in .npy")
    valid = len(samples) <= MAX_GRID_IMAGES
    require(valid, "count", f"a grid takes at most {MAX_GRID_IMAGES}; use a folder or .npy")
    return _grid(to_pixels(samples, spec), rows)


def to_pixels(images: np.ndarray, spec: SamplingSpec) -> np.ndarray:
    """Maps images from their value range to uint8 of the same shape; values outside are clipped, NaN becomes black."""
    low, high = spec.value_range or (-1.0, 1.0)
    scaled = (np.nan_to_num(images, nan=low) - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def grid_shape(count: int) -> tuple[int, int]:
    """Rows and columns of the smallest nearly square grid for `count` images."""
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def _grid(pixels: np.ndarray, rows: int | None = None) -> Image:
    count, *shape = pixels.shape
    rows, columns = grid_shape(count) if rows is None else (rows, count // rows)
    cells = np.full((rows * columns, *shape), 255, np.uint8)
    cells[:count] = pixels
    return enlarge(to_image(sheet(cells.reshape(rows, columns, *shape))), max(shape[:2]))


def sheet(cells: np.ndarray, gap: int = 1, first_gap: int = 1) -> np.ndarray:
    """Lays images out in rows and columns, with white between them.

    Args:
        cells: uint8 [rows, columns, H, W, C].
        gap: pixels between images.
        first_gap: pixels between the first and the second column.

    Returns:
        uint8 [height, width, C].
    """
    rows, columns, height, width, channels = cells.shape
    padded = np.full((rows, columns, height + gap, width + gap, channels), 255, np.uint8)
    padded[:, :, :height, :width] = cells
    laid = padded.swapaxes(1, 2).reshape(rows * (height + gap), columns * (width + gap), channels)[:-gap, :-gap]
    if columns == 1 or first_gap == gap:
        return laid
    wider = np.full((len(laid), first_gap - gap, channels), 255, np.uint8)
    return np.concatenate([laid[:, : width + gap], wider, laid[:, width + gap :]], axis=1)


def enlarge(image: Image, side: int, target: int = 48) -> Image:
    """Enlarges a picture by a whole factor, so that small images can be seen.

    Args:
        image: of one image, or of several.
        side: the larger side of one image in pixels.
        target: pixels that this side has at least afterwards, unless the whole picture would exceed 2048.
    """
    factor = min(math.ceil(target / side), max(1, 2048 // max(image.size)))
    return image.resize((image.width * factor, image.height * factor), resample=0)


def on_white(pixels: np.ndarray) -> np.ndarray:
    """Lays images with alpha on white: uint8 [..., 4] becomes [..., 3], rounded; others are returned as they are."""
    if pixels.shape[-1] != 4:
        return pixels
    opacity = pixels[..., 3:].astype(np.uint16)
    # At most 65,025 + 127: below the limit of 16 bits.
    mixed = pixels[..., :3] * opacity + 255 * (255 - opacity) + 127
    return (mixed // 255).astype(np.uint8)


def to_image(pixels: np.ndarray) -> Image:
    """A pillow image of uint8 [H, W, C] with 1, 3 or 4 channels; the fourth is alpha."""
    import PIL.Image

    return PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def save_png(image: Image, file: BinaryIO, description: str = "") -> None:
    """Writes a picture as PNG, with a description among its texts unless it is empty."""
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    if description:
        texts.add_text("Description", description)
    image.save(file, format="PNG", pnginfo=texts)
