"""`lsun:PATH`, on databases that the tests write as LSUN's authors do: by lmdb, with WebP pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.data import load, lsun
from egan_tf.data.decoding import open_picture
from egan_tf.utils.checks import InputError
from tests.data.writers import webp
from tests.data.writers import write_lmdb as write


@pytest.fixture
def bedroom(tmp_path: Path) -> Path:
    # Written in another order than that of the keys.
    return write(tmp_path / "bedroom_train_lmdb", {b"%040x" % i: webp(i) for i in (5, 0, 3, 1, 4, 2)})


def test_pictures_come_in_the_order_of_the_keys_64_pixels_wide(bedroom: Path, tmp_path: Path) -> None:
    dataset = load(f"lsun:{bedroom}", tmp_path)
    assert dataset.name == "bedroom_train_lmdb" and dataset.labels is None
    assert dataset.images.shape == (6, 64, 64, 3)
    assert np.array_equal(dataset.images[:, 32, 32, 0], 10 * np.arange(6))
    assert load(f"lsun:{bedroom}", tmp_path, resolution=16).shape == (16, 16, 3)
    assert load(f"lsun:{bedroom}", tmp_path, channels=1).shape == (64, 64, 1)


@pytest.mark.parametrize("form", ["folder", "file", "no folder", "without its lock", "relative"])
def test_path_may_be_folder_or_file(form: str, bedroom: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, name = bedroom, "bedroom_train_lmdb"
    if form == "file":
        path = bedroom / "data.mdb"
    elif form == "no folder":
        path, name = write(tmp_path / "single.mdb", {b"a": webp(1)}, subdir=False), "single.mdb"
    elif form == "without its lock":
        (bedroom / "lock.mdb").unlink()
    elif form == "relative":
        monkeypatch.chdir(tmp_path)
        path = Path(bedroom.name)
    dataset = load(f"lsun:{path}", tmp_path)
    assert dataset.name == name and len(dataset.images) == (1 if form == "no folder" else 6)
    assert str(tmp_path) not in str(dataset.facts())
    assert form != "without its lock" or not (bedroom / "lock.mdb").exists()


def test_damaged_values_are_skipped_and_named(tmp_path: Path) -> None:
    entries = {b"a": webp(1), b"b": b"no picture", b"c": webp(2)[:40], b"\xff\x00": webp(3)}
    folder = write(tmp_path / "mixed_lmdb", entries)
    assert len(load(f"lsun:{folder}", tmp_path).images) == 2
    source = lsun.load(str(folder), tmp_path)
    assert len(source) == 4 and [stored.name for stored in source] == ["a", "b", "c", r"\xff\x00"]


def test_survey_looks_for_a_picture_among_the_first_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = lsun.load(str(write(tmp_path / "x_lmdb", {b"a": b"none", b"b": webp(1), b"c": webp(2)})), tmp_path)
    opened = []
    monkeypatch.setattr(lsun, "open_picture", lambda value: opened.append(value) or open_picture(value))
    assert source.survey() == (None, 64, 3) and opened == [b"none", webp(1)]
    monkeypatch.setattr(lsun, "SAMPLE", 1)
    with pytest.raises(InputError, match="^dataset: none of the first values of "):
        source.survey()


def test_two_sources_of_one_database_are_read_at_the_same_time(bedroom: Path, tmp_path: Path) -> None:
    first, second = lsun.load(str(bedroom), tmp_path), lsun.load(str(bedroom / "data.mdb"), tmp_path)
    pairs = list(zip(first, second, first, strict=True))
    assert len(pairs) == 6 and all(a.name == b.name == c.name for a, b, c in pairs)


def test_key_changes_with_the_file_and_names_no_path(bedroom: Path, tmp_path: Path) -> None:
    before = lsun.load(str(bedroom), tmp_path).key
    assert lsun.load(str(bedroom), tmp_path).key == before and str(tmp_path) not in str(before)
    write(bedroom, {b"new": webp(7)})
    assert lsun.load(str(bedroom), tmp_path).key != before


def test_several_databases_are_listed(bedroom: Path, tmp_path: Path) -> None:
    write(tmp_path / "tower_train_lmdb", {b"a": webp(1)})
    with pytest.raises(InputError, match="^dataset: .*several.*bedroom_train_lmdb, tower_train_lmdb$"):
        load(f"lsun:{tmp_path}", tmp_path)


@pytest.mark.parametrize("damage", ["garbage", "empty file", "cut off", "cut within", "no entries", "no pictures"])
def test_damaged_databases_are_refused(damage: str, bedroom: Path, tmp_path: Path) -> None:
    file = bedroom / "data.mdb"
    content = file.read_bytes()
    if damage == "no entries":
        bedroom = write(tmp_path / "none_lmdb", {})
    elif damage == "no pictures":
        bedroom = write(tmp_path / "text_lmdb", {b"a": b"text"})
    else:
        kept = {"garbage": b"x" * 9000, "empty file": b"", "cut off": content[:8192], "cut within": content[:-4097]}
        file.write_bytes(kept[damage])
    with pytest.raises(InputError, match="^dataset: ") as caught:
        load(f"lsun:{bedroom}", tmp_path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and str(bedroom) in message


@pytest.mark.parametrize("path", ["absent", ".", "~absent_user/x", "\x00", "x" * 5000])
def test_no_database_says_where_to_get_one(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^dataset: .*(dl\.yf\.io|cannot be read)"):
        load(f"lsun:{path if path.startswith('~') else tmp_path / path}", tmp_path)


def test_only_split_is_train(bedroom: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^split: "):
        load(f"lsun:{bedroom}", tmp_path, "test")
