"""Plots of points in the plane, with pillow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIDE, MARGIN = 512, 28


def scatter_plot(points: np.ndarray, limit: float | None = None) -> Image:
    """A picture of points, `SIDE` pixels wide and high.

    Args:
        points: float [n, 2]; those that are not finite are left out.
        limit: both axes go from -limit to limit; None for a limit that suits the points.
    """
    points = _finite(points)
    limit = limit or axis_limit(points)
    plot, draw = _empty_plot(limit)
    _draw_dots(draw, _places(points, limit), 2 if len(points) <= 2000 else 1, "steelblue")
    return plot


def path_plot(paths: np.ndarray) -> Image:
    """A picture of paths: the points on the way as dots on a line, the ends as larger dots.

    Args:
        paths: float [n, steps, 2], finite.
    """
    limit = axis_limit(paths.reshape(-1, 2))
    plot, draw = _empty_plot(limit)
    places = _places(paths, limit)
    for path in places:
        draw.line([(x, y) for x, y in path.tolist()], fill="lightsteelblue")
    _draw_dots(draw, places[:, 1:-1].reshape(-1, 2), 2, "steelblue")
    _draw_dots(draw, places[:, [0, -1]].reshape(-1, 2), 4, "midnightblue")
    return plot


def axis_limit(points: np.ndarray) -> float:
    """The smallest of 1, 1.5, 2, 3, 5 and 7.5 times a power of ten above all coordinates of finite points."""
    largest = float(np.abs(points).max(initial=0.0))
    power = 10.0 ** math.floor(math.log10(max(largest, 1e-3)))
    return next(step * power for step in (1, 1.5, 2, 3, 5, 7.5, 10) if step * power > largest or step == 10)


def _finite(points: np.ndarray) -> np.ndarray:
    return points[np.isfinite(points).all(axis=1)]


def _places(points: np.ndarray, limit: float) -> np.ndarray:
    """Pixels of points, float [..., 2]."""
    return SIDE / 2 + (SIDE - 2 * MARGIN) / (2 * limit) * points * (1, -1)


def _draw_dots(draw: ImageDraw, places: np.ndarray, radius: int, color: str) -> None:
    for x, y in places.tolist():
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=color)


def _empty_plot(limit: float) -> tuple[Image, ImageDraw]:
    import PIL.Image
    import PIL.ImageDraw

    plot = PIL.Image.new("RGB", (SIDE, SIDE), "white")
    draw = PIL.ImageDraw.Draw(plot)
    near, middle, far = MARGIN, SIDE / 2, SIDE - MARGIN
    draw.line([(near, middle), (far, middle)], fill="lightgray")
    draw.line([(middle, near), (middle, far)], fill="lightgray")
    draw.rectangle([near, near, far, far], outline="gray")
    for value, place in ((-limit, near), (0.0, middle), (limit, far)):
        label = f"{value:g}"
        length = draw.textlength(label)  # the bitmap font of pillow supports no anchors
        draw.text((place - length / 2, far + 4), label, fill="black")
        draw.text((near - 4 - length, SIDE - place - 6), label, fill="black")
    return plot, draw
