"""Pictures of samples, with pillow: a grid of images, a scatter plot of points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.sampling.spec import SamplingSpec
from egan_tf.utils.checks import require

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_GRID_IMAGES = 10_000


def picture(samples: np.ndarray, spec: SamplingSpec) -> Image:
    """Draws samples: a grid of images, or a scatter plot of points.

    Args:
        samples: float [count, *spec.sample_shape].
        spec: shape and value range of the samples.

    Returns:
        A pillow image. Small images are enlarged by an integer factor, so that 8×8 pixels can be seen.

    Raises:
        InputError: the samples are neither images nor points, or too many for a grid.
    """
    if spec.is_point:
        return _scatter_plot(samples)
    require(spec.is_image, "out", f"cannot draw samples of shape {spec.sample_shape}; use a name ending in .npy")
    valid = len(samples) <= MAX_GRID_IMAGES
    require(valid, "count", f"a grid takes at most {MAX_GRID_IMAGES}; use a folder or .npy")
    return _grid(to_pixels(samples, spec))


def to_pixels(images: np.ndarray, spec: SamplingSpec) -> np.ndarray:
    """Maps images from their value range to uint8 of the same shape; values outside are clipped, NaN becomes black."""
    low, high = spec.value_range or (-1.0, 1.0)
    scaled = (np.nan_to_num(images, nan=low) - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def grid_shape(count: int) -> tuple[int, int]:
    """Rows and columns of the smallest nearly square grid for `count` images."""
    columns = math.ceil(math.sqrt(count))
    return math.ceil(count / columns), columns


def _grid(pixels: np.ndarray, gap: int = 1) -> Image:
    count, height, width, channels = pixels.shape
    rows, columns = grid_shape(count)
    cells = np.full((rows * columns, height + gap, width + gap, channels), 255, np.uint8)
    cells[:count, :height, :width] = pixels
    cells = cells.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    sheet = cells.reshape(rows * (height + gap), columns * (width + gap), channels)[:-gap, :-gap]
    image = to_image(sheet)
    # About 48 pixels per sample, but at most 2048 for the whole grid.
    factor = min(math.ceil(48 / max(height, width)), max(1, 2048 // max(image.size)))
    return image.resize((image.width * factor, image.height * factor), resample=0)


def to_image(pixels: np.ndarray) -> Image:
    """A pillow image of uint8 [H, W, C] with 1, 3 or 4 channels; the fourth is alpha."""
    import PIL.Image

    return PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _scatter_plot(points: np.ndarray, side: int = 512, margin: int = 28) -> Image:
    import PIL.Image
    import PIL.ImageDraw

    points = points[np.isfinite(points).all(axis=1)]
    limit = _axis_limit(float(np.abs(points).max(initial=0.0)))
    scale = (side - 2 * margin) / (2 * limit)
    sheet = PIL.Image.new("RGB", (side, side), "white")
    draw = PIL.ImageDraw.Draw(sheet)
    near, middle, far = margin, side / 2, side - margin
    draw.line([(near, middle), (far, middle)], fill="lightgray")
    draw.line([(middle, near), (middle, far)], fill="lightgray")
    draw.rectangle([near, near, far, far], outline="gray")
    radius = 2 if len(points) <= 2000 else 1
    for x, y in (middle + scale * points * (1, -1)).tolist():
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill="steelblue")
    for value, place in ((-limit, near), (0.0, middle), (limit, far)):
        label = f"{value:g}"
        length = draw.textlength(label)  # the bitmap font of pillow supports no anchors
        draw.text((place - length / 2, far + 4), label, fill="black")
        draw.text((near - 4 - length, side - place - 6), label, fill="black")
    return sheet


def _axis_limit(largest: float) -> float:
    """The smallest of 1, 1.5, 2, 3, 5 and 7.5 times a power of ten above `largest`."""
    power = 10.0 ** math.floor(math.log10(max(largest, 1e-3)))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 7.5, 10) if step * power > largest or step == 10)
