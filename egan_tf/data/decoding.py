"""Decodes a stored picture, and makes an image of one shape of it."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from egan_tf.data.picture_source import UnusablePicture

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 100_000_000
"""A picture that claims more is taken for a decompression bomb."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def open_picture(content: bytes | Path) -> Image:
    """Opens a PNG, JPEG or WebP picture and reads its header only.

    Raises:
        UnusablePicture: it is none of these, damaged, or too large.
    """
    import PIL.Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pillow warns about large pictures, which are refused below
        try:
            opened = PIL.Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS)
        except PIL.UnidentifiedImageError as error:
            raise UnusablePicture("is no PNG, JPEG or WebP picture, or is damaged") from error
        except (PIL.Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
            raise UnusablePicture(_reason(error)) from error
    if opened.width * opened.height > MAX_PIXELS:
        raise UnusablePicture(f"claims {opened.width} x {opened.height} pixels, which is refused")
    return opened


def decode_picture(content: bytes | Path) -> Image:
    """The whole picture, upright, in mode L, LA, RGB or RGBA.

    Raises:
        UnusablePicture: as `open_picture`, or the picture is cut off.
    """
    import PIL.ImageOps

    opened = open_picture(content)
    try:
        opened.load()
        return _plain(PIL.ImageOps.exif_transpose(opened))
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise UnusablePicture(_reason(error)) from error


def _plain(image: Image) -> Image:
    if image.mode.startswith("I"):  # 16 bits; pillow's own conversion would clip
        import PIL.Image

        return PIL.Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        return image.convert("RGBA") if "transparency" in image.info else image
    if image.mode == "1":
        return image.convert("L")
    has_alpha = "transparency" in image.info or image.mode in ("PA", "La", "RGBa")
    return image.convert("RGBA" if has_alpha else "RGB")


def to_pixels(image: Image, sides: tuple[int, int], channels: int) -> np.ndarray:
    """The middle of a picture as uint8 [height, width, channels].

    The largest part of the aspect ratio of `sides` is cut out of the middle, and resized with antialiasing (Lanczos).

    Args:
        image: in mode L, LA, RGB or RGBA.
        sides: (height, width).
        channels: 1, 3 or 4; transparent pixels are laid on white for 1 and 3.
    """
    import PIL.Image
    import PIL.ImageOps

    height, width = sides
    if channels < 4 and image.mode in ("LA", "RGBA"):
        rgba = image.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, "white")
        image = PIL.Image.alpha_composite(white, rgba).convert("RGB")
    image = image.convert(MODES[channels])
    if image.size != (width, height):
        image = PIL.ImageOps.fit(image, (width, height), PIL.Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(height, width, channels)


def _reason(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
