"""Tiny data sets in the formats of LSUN and of Noto Color Emoji."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import PIL.Image

COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
SIZES = [(40, 30), (30, 40), (64, 64)]


def webp(index: int) -> bytes:
    """A picture whose grey value is ten times its index."""
    file = io.BytesIO()
    PIL.Image.new("RGB", SIZES[index % 3], (10 * index,) * 3).save(file, "WEBP", lossless=True)
    return file.getvalue()


def write_lmdb(folder: Path, entries: dict[bytes, bytes], subdir: bool = True) -> Path:
    """Writes a database; as LSUN's are, in a folder, unless `subdir` is false."""
    import lmdb

    folder.parent.mkdir(parents=True, exist_ok=True)
    with lmdb.open(str(folder), map_size=2**24, subdir=subdir) as database, database.begin(write=True) as transaction:
        for key, value in entries.items():
            transaction.put(key, value)
    return folder


def png(colour: tuple[int, int, int], palette: bool = False) -> bytes:
    """A filled square of 64×64 in the middle of 136×128 transparent pixels."""
    picture = PIL.Image.new("RGBA", (136, 128))
    picture.paste((*colour, 255), (36, 32, 100, 96))
    file = io.BytesIO()
    (picture.quantize() if palette else picture).save(file, "PNG")
    return file.getvalue()


def write_font(path: Path, pictures: dict[str, bytes]) -> Path:
    """Writes a font with a CBDT table, as Noto Color Emoji has."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.ttLib import newTable
    from fontTools.ttLib.tables import C_B_D_T_, E_B_L_C_, BitmapGlyphMetrics

    path.parent.mkdir(parents=True, exist_ok=True)
    names = [".notdef", *pictures]
    builder = FontBuilder(2048, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x1F600 + index: name for index, name in enumerate(pictures)})
    builder.setupGlyf({name: _empty_glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (2550, 0)))
    builder.setupHorizontalHeader(ascent=1900, descent=-500)
    builder.setupOS2()
    builder.setupPost()
    font = builder.font
    glyphs = {}
    for name, content in pictures.items():
        glyph = C_B_D_T_.cbdt_bitmap_format_17(b"", font)
        glyph.metrics = BitmapGlyphMetrics.SmallGlyphMetrics()
        for field, value in {"height": 128, "width": 136, "BearingX": 0, "BearingY": 101, "Advance": 136}.items():
            setattr(glyph.metrics, field, value)
        glyph.imageData = content
        glyphs[name] = glyph
    font["CBDT"] = newTable("CBDT")
    font["CBDT"].version, font["CBDT"].strikeData = 3.0, [glyphs]
    font["CBLC"] = newTable("CBLC")
    strike = E_B_L_C_.Strike()
    strike.bitmapSizeTable = _size_table(E_B_L_C_)
    index = E_B_L_C_.eblc_index_sub_table_1(b"", font)
    index.names, index.indexFormat, index.imageFormat = list(pictures), 1, 17
    index.firstGlyphIndex, index.lastGlyphIndex = 1, len(pictures)
    strike.indexSubTables = [index]
    font["CBLC"].version, font["CBLC"].strikes = 3.0, [strike]
    font.save(path)
    return path


def _empty_glyph() -> Any:
    from fontTools.ttLib.tables._g_l_y_f import Glyph

    return Glyph()


def _size_table(tables: Any) -> Any:
    table = tables.BitmapSizeTable()
    for direction in ("hori", "vert"):
        metrics = tables.SbitLineMetrics()
        for name in ("ascender", "descender", "widthMax", "caretSlopeNumerator", "caretSlopeDenominator"):
            setattr(metrics, name, 0)
        for name in ("caretOffset", "minOriginSB", "minAdvanceSB", "maxBeforeBL", "minAfterBL", "pad1", "pad2"):
            setattr(metrics, name, 0)
        setattr(table, direction, metrics)
    for name in ("colorRef", "startGlyphIndex", "endGlyphIndex"):
        setattr(table, name, 0)
    table.ppemX = table.ppemY = 109
    table.bitDepth, table.flags = 32, 1
    return table
