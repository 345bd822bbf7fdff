"""Writes pictures for tests, some as no library writes them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """uint8 [height, width, channels]."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def save(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    """Writes uint8 [H, W, C] in the format of the extension; makes the folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(path, **options)
    return path


def encoded(image: PIL.Image.Image, format_name: str, **options: Any) -> bytes:
    """The content of a file."""
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, bits: int, color: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG file by hand: `rows` are the filtered rows, `extra` chunks come before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    body = b"".join([chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + body


def grey_png(bits: int, transparent: int | None = None) -> bytes:
    """Two grey pixels, the darkest and the lightest, of 1 to 16 bits; one value may be transparent."""
    lightest = 2**bits - 1
    row = struct.pack(">HH", 0, lightest) if bits == 16 else bytes([0, 255]) if bits == 8 else None
    if row is None:
        row = bytes([lightest << (8 - 2 * bits)])
    extra = [] if transparent is None else [chunk(b"tRNS", struct.pack(">H", transparent))]
    return png(2, 1, bits, 0, b"\x00" + row, *extra)


def bomb() -> bytes:
    """A PNG file of some hundred bytes that claims 60,000 x 60,000 pixels."""
    return png(60_000, 60_000, 8, 2, bytes(100))
