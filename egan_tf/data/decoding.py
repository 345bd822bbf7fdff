"""Decodes a stored picture, and makes an image of one shape of it."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from egan_tf.data.picture_source import UnreadPicture, UnusablePicture
from egan_tf.utils.checks import first_line
from egan_tf.utils.regular_files import open_regular_file

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 100_000_000
"""A picture that claims more is taken for a decompression bomb."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
ALPHA = ("LA", "La", "RGBA", "RGBa", "PA")
ORIENTATION = 0x0112
"""The EXIF tag: 1 for an upright picture, 2 to 8 for the other rotations and reflections."""

Content = bytes | Path | BinaryIO


class Header(NamedTuple):
    """What the header of a picture says: its sides in pixels, whether it is grey, whether it has alpha."""

    width: int
    height: int
    grey: bool
    alpha: bool


def open_picture(content: bytes | BinaryIO) -> Image:
    """Opens a PNG, JPEG or WebP picture and reads its header only; the content decides, not the name.

    Args:
        content: the bytes, or a file that is open for reading.

    Raises:
        UnusablePicture: it is none of these, damaged, or too large.
    """
    import PIL.Image

    try:
        opened = PIL.Image.open(io.BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS)
    except PIL.UnidentifiedImageError as error:
        raise UnusablePicture("is no PNG, JPEG or WebP picture, or is damaged") from error
    except PIL.Image.DecompressionBombError as error:
        raise UnusablePicture("claims too many pixels, which is refused") from error
    except Exception as error:  # decoders of damaged content raise whatever they meet
        raise _unusable(error) from error
    if opened.width * opened.height > MAX_PIXELS:
        raise UnusablePicture(f"claims {opened.width} x {opened.height} pixels, which is refused")
    return opened


def read_header(content: Content) -> Header:
    """Reads the header of a picture.

    Args:
        content: the bytes, a path, or a file that is open for reading.

    Raises:
        UnusablePicture: as `open_picture`; `UnreadPicture` if the path cannot be read.
    """
    with _opened(content) as file:
        picture = open_picture(file)
        alpha = picture.mode in ALPHA or "transparency" in picture.info
        return Header(picture.width, picture.height, picture.mode in GREY, alpha)


def decode_picture(content: Content) -> Image:
    """The whole picture, upright, in mode L, LA, RGB or RGBA; of an animation the first frame.

    Args:
        content: the bytes, a path, or a file that is open for reading.

    Raises:
        UnusablePicture: as `read_header`, or the picture is cut off.
    """
    with _opened(content) as file:
        picture = open_picture(file)
        try:
            grey_bits = _grey_bits(picture)
            picture.load()
            return _plain(_upright(picture), grey_bits)
        except Exception as error:
            raise _unusable(error) from error


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """Hides the warnings of pillow inside the block; what it warns about is refused or harmless.

    The filters of warnings belong to the process: use it in the main thread, around the threads that decode.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _opened(content: Content) -> Iterator[bytes | BinaryIO]:
    if not isinstance(content, Path):
        yield content
        return
    try:
        file = open_regular_file(content)
    except (MemoryError, OSError, ValueError) as error:
        raise UnreadPicture(getattr(error, "strerror", None) or _reason(error)) from error
    with file:
        yield file


def _upright(picture: Image) -> Image:
    """The picture as EXIF says that it was held; as stored if its EXIF data is damaged."""
    import PIL.ImageOps

    try:
        turned = picture.getexif().get(ORIENTATION, 1) in range(2, 9)
    except Exception:
        turned = False
    return PIL.ImageOps.exif_transpose(picture) if turned else picture


def _grey_bits(picture: Image) -> int:
    """Bits of a grey pixel as stored, known before the picture is loaded."""
    if picture.mode.startswith("I"):
        return 16
    tiles = getattr(picture, "tile", None)
    mode = str(tiles[0][3]) if tiles else picture.mode
    return {"1": 1, "L;2": 2, "L;4": 4}.get(mode, 8)


def _plain(image: Image, grey_bits: int) -> Image:
    transparent = image.info.get("transparency")
    if image.mode in ("1", "L") or image.mode.startswith("I"):
        return _plain_grey(image, transparent, grey_bits)
    if image.mode in ("LA", "RGB", "RGBA"):
        return image if transparent is None else image.convert("RGBA")
    return image.convert("RGB" if transparent is None and image.mode not in ALPHA else "RGBA")


def _plain_grey(image: Image, transparent: int | None, bits: int) -> Image:
    """Grey of 1 to 16 bits as L, or as LA if one value is transparent."""
    import PIL.Image

    if bits == 16:  # pillow's own conversion would clip
        stored = np.asarray(image).astype(np.uint32)
        grey = (stored >> 8).astype(np.uint8)
    else:
        grey = stored = np.asarray(image.convert("L"))
    if not isinstance(transparent, int):
        return PIL.Image.fromarray(grey)
    # Pillow scales pixels of 2 and 4 bits to 0..255, but not the value that is transparent.
    scaled = bits < 8 and transparent < 2**bits
    value = transparent * 255 // (2**bits - 1) if scaled else transparent
    alpha = np.where(stored == value, 0, 255).astype(np.uint8)
    return PIL.Image.fromarray(np.stack([grey, alpha], axis=-1))


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
        grey = image.mode == "LA"
        rgba = image.convert("RGBA")
        white = PIL.Image.new("RGBA", rgba.size, "white")
        image = PIL.Image.alpha_composite(white, rgba).convert("RGB")
        image = image.getchannel(0) if grey else image
    if image.mode != MODES[channels]:
        image = image.convert(MODES[channels])
    if image.size != (width, height):
        image = PIL.ImageOps.fit(image, (width, height), PIL.Image.Resampling.LANCZOS)
    return np.asarray(image).reshape(height, width, channels)


def _unusable(error: Exception) -> UnusablePicture:
    # The system's errors have a number; what Pillow raises for damaged content has none.
    passing = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)
    return (UnreadPicture if passing else UnusablePicture)(_reason(error))


def _reason(error: Exception) -> str:
    return "needs too much memory" if isinstance(error, MemoryError) else first_line(error)
