"""Animations with pillow: GIF, and WebP without loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from egan_tf.sampling.destination import GIF, WEBP
from egan_tf.sampling.pictures import enlarge, on_white, to_image
from egan_tf.utils.checks import integer, require

if TYPE_CHECKING:
    from PIL.Image import Image

ANIMATIONS = (GIF, WEBP)
MAX_FRAMES = 10_000
MAX_FPS = 50
"""Programs show a GIF of more frames per second slowly."""

DEFAULT_FPS = 20
FRAME_SIDE = 192
"""Small images are enlarged to at least this many pixels."""


def check_fps(fps: int) -> int:
    """Returns `fps`; raises `InputError` unless it is a whole number from 1 to `MAX_FPS`."""
    return integer("fps", fps, 1, MAX_FPS)


def check_kind(kind: str) -> None:
    """Raises `InputError` if this build of pillow cannot write the kind."""
    import PIL.Image

    PIL.Image.init()
    require(kind[1:].upper() in PIL.Image.SAVE_ALL, "out", f"this pillow cannot write {kind}; use another kind")


def image_frames(batches: Iterable[np.ndarray], kind: str) -> Iterator[Image]:
    """Frames of images.

    Args:
        batches: uint8 [n, H, W, C]; in a GIF, which has no half-transparent pixels, alpha is laid on white.
        kind: one of `ANIMATIONS`.
    """
    for batch in batches:
        for pixels in on_white(batch) if kind == GIF else batch:
            image = to_image(pixels)
            if kind == GIF and image.mode == "RGB":
                image = image.quantize(256)  # before it is enlarged, which adds no colours
            yield enlarge(image, max(pixels.shape[:2]), FRAME_SIDE)


def save_animation(frames: Iterator[Image], kind: str, fps: int, file: BinaryIO) -> None:
    """Writes an endless loop of frames of one size; a frame that repeats the one before extends it.

    Args:
        frames: at least one.
        kind: one of `ANIMATIONS`. WebP keeps every visible pixel; a GIF has at most 256 colours a frame, and frames
            that last hundredths of a second.
        fps: frames per second.
        file: to write to.
    """
    first = next(frames)
    duration = 10 * round(100 / fps) if kind == GIF else round(1000 / fps)
    options: dict[str, Any] = {"lossless": True} if kind == WEBP else {}
    options.update(save_all=True, append_images=frames, duration=duration, loop=0)
    first.save(file, format=kind[1:].upper(), **options)
