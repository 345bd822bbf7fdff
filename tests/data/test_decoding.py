from __future__ import annotations

import io
import zlib

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from egan_tf.data.decoding import decode_picture, quiet_decoding, read_header, to_pixels
from egan_tf.data.picture_source import UnusablePicture
from tests.data.pictures import bomb, chunk, encoded, grey_png, noise, png

RED, HALF_RED = (200, 30, 60), (200, 30, 60, 128)


def on_white(value: int, alpha: int) -> int:
    return round((value * alpha + 255 * (255 - alpha)) / 255)


def plain(color: tuple[int, ...] | int, mode: str) -> PIL.Image.Image:
    return PIL.Image.new(mode, (5, 4), color)


def palette(transparent: bool) -> PIL.Image.Image:
    image = PIL.Image.new("P", (5, 4), 1)
    image.putpalette([0, 0, 0, *RED])
    if transparent:
        image.info["transparency"] = 1
    return image


MADE = {
    "1": (plain(1, "1"), "PNG", (255, 255, 255, 255)),
    "L": (plain(77, "L"), "PNG", (77, 77, 77, 255)),
    "LA": (plain((77, 128), "LA"), "PNG", (77, 77, 77, 128)),
    "I;16": (PIL.Image.fromarray(np.full((4, 5), 77 * 257, np.uint16)), "PNG", (77, 77, 77, 255)),
    "P": (palette(False), "PNG", (*RED, 255)),
    "P with transparency": (palette(True), "PNG", (*RED, 0)),
    "RGB": (plain(RED, "RGB"), "PNG", (*RED, 255)),
    "RGBA": (plain(HALF_RED, "RGBA"), "PNG", HALF_RED),
    "JPEG grey": (plain(77, "L"), "JPEG", (77, 77, 77, 255)),
    "JPEG": (plain(RED, "RGB"), "JPEG", (*RED, 255)),
    "JPEG CMYK": (plain((255 - 200, 255 - 30, 255 - 60, 0), "CMYK"), "JPEG", (*RED, 255)),
    "WebP": (plain(RED, "RGB"), "WEBP", (*RED, 255)),
    "WebP with alpha": (plain(HALF_RED, "RGBA"), "WEBP", HALF_RED),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_mode_becomes_the_expected_colour(name, channels):
    image, format_name, (*color, alpha) = MADE[name]
    options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(format_name, {})
    pixels = to_pixels(decode_picture(encoded(image, format_name, **options)), (4, 5), channels)
    if channels == 4:
        expected = [*color, alpha]
    else:
        expected = [on_white(value, alpha) for value in color]
        if channels == 1:  # the luma of ITU-R 601-2
            expected = [round(float(np.dot(expected, [0.299, 0.587, 0.114])))]
    assert pixels.shape == (4, 5, channels) and pixels.dtype == np.uint8
    visible = pixels[..., :3] if channels == 4 and alpha == 0 else pixels
    tolerance = 3 if format_name == "JPEG" else 1
    assert np.abs(visible.astype(int) - expected[: visible.shape[-1]]).max() <= tolerance
    if channels == 4:
        assert (pixels[..., 3] == alpha).all()


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_of_any_depth_spans_the_byte(bits):
    image = decode_picture(grey_png(bits))
    assert image.mode == "L" and np.asarray(image).tolist() == [[0, 255]]


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("light", [False, True])
def test_grey_of_any_depth_may_have_one_transparent_value(bits, light):
    image = decode_picture(grey_png(bits, (2**bits - 1) * light))
    assert image.mode == "LA"
    assert np.asarray(image).tolist() == [[[0, 255 * light], [255, 255 * (not light)]]]
    assert read_header(grey_png(bits, 0)).alpha


def test_colours_of_16_bits_keep_their_high_byte():
    row = b"\x00" + bytes([10, 99, 20, 99, 30, 99])
    assert np.asarray(decode_picture(png(1, 1, 16, 2, row))).tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_exif_orientation(orientation, format_name):
    upright = noise(4, 6)
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    content = encoded(
        PIL.Image.fromarray(np.ascontiguousarray(stored[orientation])), format_name, exif=exif, lossless=True
    )
    assert np.array_equal(np.asarray(decode_picture(content)), upright)


def test_exif_orientation_of_jpeg():
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8] = 255
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    content = encoded(PIL.Image.fromarray(np.ascontiguousarray(np.rot90(upright))), "JPEG", quality=100, exif=exif)
    assert np.abs(np.asarray(decode_picture(content)).astype(int) - upright).max() <= 4


def test_damaged_exif_does_not_spoil_a_picture():
    content = encoded(PIL.Image.fromarray(noise(4, 6)), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    with quiet_decoding():
        assert decode_picture(content).size == (6, 4)


@pytest.mark.parametrize("shape", [(64, 64), (100, 64), (64, 100), (301, 97), (20, 300), (7, 5), (1, 1), (1, 5000)])
@pytest.mark.parametrize("side", [8, 32])
def test_the_middle_square_is_cut_out_and_resized(shape, side):
    pixels = noise(*shape)
    found = to_pixels(PIL.Image.fromarray(pixels), (side, side), 3)
    smaller = min(shape)
    left, top = (shape[1] - smaller) / 2, (shape[0] - smaller) / 2
    box = (left, top, left + smaller, top + smaller)
    expected = PIL.Image.fromarray(pixels).resize((side, side), PIL.Image.Resampling.LANCZOS, box=box)
    assert np.array_equal(found, np.asarray(expected))


def test_a_picture_of_the_right_size_is_unchanged():
    pixels = noise(8, 8)
    assert np.array_equal(to_pixels(PIL.Image.fromarray(pixels), (8, 8), 3), pixels)


def test_the_first_frame_of_an_animation_is_taken():
    first, second = (PIL.Image.fromarray(noise(4, 4, seed=seed)) for seed in (0, 1))
    for format_name, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        content = encoded(first, format_name, save_all=True, append_images=[second], **options)
        assert np.array_equal(np.asarray(decode_picture(content).convert("RGB")), np.asarray(first))


def interlaced() -> bytes:
    """Two grey pixels, of which Adam7 stores one in pass 1 and one in pass 6."""
    content = bytearray(png(2, 1, 8, 0, b"\x00\x05\x00\x09"))
    content[28] = 1
    content[29:33] = chunk(b"IHDR", bytes(content[16:29]))[-4:]
    return bytes(content)


def test_an_interlaced_picture_is_read():
    assert np.asarray(decode_picture(interlaced())).tolist() == [[5, 9]]


GOOD = encoded(PIL.Image.fromarray(noise(64, 64)), "PNG")
BAD = {
    "empty": b"",
    "text": b"no picture",
    "cut in the header": GOOD[:20],
    "cut in the pixels": GOOD[: len(GOOD) // 2],
    "JPEG cut off": encoded(PIL.Image.fromarray(noise(64, 64)), "JPEG")[:600],
    "WebP cut off": encoded(PIL.Image.fromarray(noise(64, 64)), "WEBP")[:600],
    "GIF": encoded(PIL.Image.new("L", (4, 4)), "GIF"),
    "bomb": bomb(),
    "many pixels": png(10_001, 10_000, 1, 0, bytes(100)),
    "no pixels": png(0, 0, 8, 2, b""),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_has_a_reason_of_one_line(name):
    for content in (BAD[name], io.BytesIO(BAD[name])):
        with quiet_decoding(), pytest.raises(UnusablePicture) as caught:
            decode_picture(content)
        assert str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["bomb", "many pixels"])
def test_a_bomb_is_refused_by_its_header(name):
    with quiet_decoding(), pytest.raises(UnusablePicture, match=r"pixels, which is refused$"):
        read_header(BAD[name])


def test_compressed_text_does_not_fill_the_memory():
    text = chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(50_000_000)))
    try:
        assert decode_picture(png(1, 1, 8, 0, b"\x00\x07", text)).size == (1, 1)
    except UnusablePicture as error:
        assert "too large" in str(error)


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_is_survived(seed):
    random = np.random.default_rng(seed)
    formats = ("PNG", "JPEG", "WEBP")
    content = bytearray(encoded(PIL.Image.fromarray(noise(16, 16)), formats[seed % 3]))
    for at in random.integers(len(content), size=random.choice([1, 5, 50])):
        content[at] = random.integers(256)
    try:
        image = decode_picture(bytes(content))
    except UnusablePicture:
        return
    assert image.mode in ("L", "LA", "RGB", "RGBA") and to_pixels(image, (8, 8), 3).shape == (8, 8, 3)
