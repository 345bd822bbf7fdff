"""The pictures of the font Noto Color Emoji: small, real, in colour, and a package of Debian."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from egan_tf.data.about import About
from egan_tf.data.decoding import decode_picture
from egan_tf.data.picture_source import PictureSource, Stored, Survey
from egan_tf.utils.checks import InputError, first_line, one_of, require

FONT = "NotoColorEmoji.ttf"
DEBIAN_FONT = Path("/usr/share/fonts/truetype/noto") / FONT
HEIGHT, WIDTH = 128, 136
FORMATS = (17, 18)
"""Of CBDT's glyphs: a PNG with small or big metrics."""


class Emoji(PictureSource):
    """The PNGs of the font's CBDT table in the order of its glyphs; 64×64, RGB on white unless asked otherwise.

    In Debian's they are 136×128, and their outer four columns on either side are empty, so that the middle square cuts
    nothing off.
    """

    name = "emoji"
    resolution = 64
    channels = 3
    class_names = ()

    def __init__(self, font: Path, split: str) -> None:
        """Reads the table; raises `InputError` if the file is no font, or holds no pictures."""
        self.split = split
        self._font = font
        self._pictures = pictures_of(font)
        state = font.stat()
        self.key = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "pictures": len(self._pictures)}
        self.about = About(
            f"{len(self._pictures):,} emoji of the font Noto Color Emoji, RGBA, 136x128.",
            license="SIL Open Font License 1.1",
            source="https://github.com/googlefonts/noto-emoji (Debian: fonts-noto-color-emoji)",
            citation="Google, Noto Emoji, https://github.com/googlefonts/noto-emoji",
        )

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self._pictures)

    def survey(self) -> Survey:
        """The size of the pictures in Debian's font; nothing is read, as resolution and channels are given."""
        return Survey((HEIGHT, WIDTH), HEIGHT, 4)

    def __iter__(self) -> Iterator[Stored]:
        """The pictures, in the order of the glyphs."""
        for name, content in self._pictures.items():
            yield Stored(name, partial(decode_picture, content))


def load(argument: str, data_dir: Path, split: str = "train") -> Emoji:
    """The 3,926 emoji of Debian's font Noto Color Emoji, RGB on white, 64×64 unless another size is asked.

    Args:
        argument: unused.
        data_dir: its emoji/NotoColorEmoji.ttf is taken if there is one, otherwise Debian's.
        split: "train", the only one.

    Raises:
        InputError: unknown split, the font is absent, or holds no such pictures.
    """
    one_of("split", split, ("train",))
    return Emoji(font_file(data_dir), split)


def check(argument: str, data_dir: Path, split: str = "train") -> None:
    """As `Kind.check`."""
    one_of("split", split, ("train",))
    font_file(data_dir)


def font_file(data_dir: Path) -> Path:
    """The font in `data_dir`, otherwise Debian's; raises `InputError` if there is none."""
    own = data_dir / "emoji" / FONT
    for path in (own, DEBIAN_FONT):
        if path.is_file():
            return path
    raise InputError(
        "dataset",
        f"emoji needs the font {FONT}, which is neither {own} nor {DEBIAN_FONT}; on Debian: apt-get install "
        "fonts-noto-color-emoji; or put the file of https://github.com/googlefonts/noto-emoji (fonts/) there",
    )


def pictures_of(font: Path) -> dict[str, bytes]:
    """The PNG files in the CBDT table of a font, by the name of their glyph.

    Raises:
        InputError: the file is no font, is damaged, or has no such table.
    """
    from fontTools.ttLib import TTFont

    try:
        with TTFont(font, lazy=True) as opened:
            strikes = opened["CBDT"].strikeData if "CBDT" in opened else []
            glyphs: dict[str, Any] = max(strikes, key=len, default={})
            pictures = {name: bytes(glyph.imageData) for name, glyph in glyphs.items() if glyph.getFormat() in FORMATS}
    except Exception as error:  # fontTools raises whatever its parsers of single tables do
        raise InputError(
            "dataset", f"{font} cannot be read as a font ({first_line(error)}); install it again"
        ) from error
    require(bool(pictures), "dataset", f"{font} holds no pictures (no CBDT table with PNGs): is it a vector font?")
    return pictures
