"""`emoji`: on the font of Debian's package where it is installed, always on a small font that the tests write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import emoji, load
from egan_tf.utils.checks import InputError
from tests.data.writers import COLOURS, png, write_font

needs_debian = pytest.mark.skipif(
    not emoji.DEBIAN_FONT.is_file(), reason=f"needs {emoji.DEBIAN_FONT} (apt-get install fonts-noto-color-emoji)"
)


@pytest.fixture
def own_font(tmp_path: Path) -> Path:
    pictures = {f"emoji{i}": png(colour, palette=i > 0) for i, colour in enumerate(COLOURS)}
    return write_font(tmp_path / "emoji" / emoji.FONT, pictures)


def test_the_font_in_the_data_folder_comes_first(own_font: Path, tmp_path: Path) -> None:
    dataset = load("emoji", tmp_path)
    assert dataset.images.shape == (3, 64, 64, 3) and dataset.labels is None
    # The middle 128×128 is halved and nothing is padded; Lanczos touches a few pixels along the edges.
    white = np.ones((64, 64), bool)
    white[13:51, 13:51] = False
    assert (dataset.images[:, white] == 255).all()
    assert (dataset.images[:, 19:45, 19:45] == np.array(COLOURS)[:, None, None]).all()
    assert dataset.about.description.startswith("3 emoji") and "Open Font" in dataset.about.license


def test_size_and_channels_can_be_chosen(own_font: Path, tmp_path: Path) -> None:
    alpha = load("emoji", tmp_path, resolution=128, channels=4).images[..., 3]
    assert alpha.shape == (3, 128, 128)
    assert (alpha[:, 32:96, 32:96] == 255).all() and alpha.sum() == 3 * 64 * 64 * 255


def test_fonts_that_hold_no_pictures_are_refused(own_font: Path, tmp_path: Path) -> None:
    from fontTools.ttLib import TTFont

    font = TTFont(own_font)
    del font["CBDT"], font["CBLC"]
    font.save(own_font)
    with pytest.raises(InputError, match="^dataset: .*no CBDT table"):
        load("emoji", tmp_path)


@pytest.mark.parametrize("kept", [0, 3, 100, 700])
def test_damaged_fonts_are_refused(kept: int, own_font: Path, tmp_path: Path) -> None:
    own_font.write_bytes(own_font.read_bytes()[:kept])
    with pytest.raises(InputError, match="^dataset: ") as caught:
        load("emoji", tmp_path)
    assert str(own_font) in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_damaged_pictures_of_a_font_are_skipped(tmp_path: Path) -> None:
    write_font(tmp_path / "emoji" / emoji.FONT, {"good": png(COLOURS[0]), "bad": b"no picture"})
    assert len(load("emoji", tmp_path).images) == 1


def test_without_a_font_it_says_where_to_get_it_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emoji, "DEBIAN_FONT", tmp_path / "absent.ttf")
    with pytest.raises(InputError, match="^dataset: .*apt-get install fonts-noto-color-emoji.*github.com") as caught:
        load("emoji", tmp_path)
    assert str(tmp_path / "emoji" / emoji.FONT) in str(caught.value)


def test_only_split_is_train(own_font: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^split: "):
        load("emoji", tmp_path, "test")


@needs_debian
def test_the_middle_square_of_debians_pictures_cuts_nothing_off(tmp_path: Path) -> None:
    source = emoji.load("", tmp_path)
    assert len(source) > 3000
    for stored in list(source)[::7]:
        picture = stored.decode()
        assert (picture.height, picture.width) == source.survey().sides and picture.mode == "RGBA"
        alpha = np.asarray(picture)[..., 3]
        assert alpha[:, :4].max() == 0 and alpha[:, -4:].max() == 0, stored.name


@needs_debian
def test_debians_pictures_are_colourful_on_white(tmp_path: Path) -> None:
    dataset = load("emoji", tmp_path)
    assert dataset.shape == (64, 64, 3) and len(dataset.images) > 3000
    assert f"{len(dataset.images):,} emoji" in dataset.about.description
    assert (np.median(dataset.images[:, 0, 0], axis=0) == 255).all()
    assert len(np.unique(dataset.images[:, 32, 32], axis=0)) > 500
