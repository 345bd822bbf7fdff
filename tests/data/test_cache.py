from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from egan_tf.data import ImageDataset, clear_cache, decode_all, decoding, load, preparing
from egan_tf.data.cache import read_entry
from egan_tf.data.image_file import HEADER_BYTES, ImageFile, npy_header
from egan_tf.data.images import content_fingerprint
from egan_tf.utils.checks import InputError
from tests.data.pictures import noise, save

COUNT, SIDE = 12, 8
BYTES = COUNT * SIDE * SIDE * 3


@pytest.fixture
def pictures(tmp_path):
    """12 pictures in two classes, one of which cannot be used."""
    for seed in range(COUNT):
        save(tmp_path / "pics" / "ab"[seed % 2] / f"{seed:02}.png", noise(SIDE, SIDE, seed=seed))
    (tmp_path / "pics" / "a" / "zz.png").write_bytes(b"bad")
    return tmp_path / "pics"


def of(pictures, **options) -> ImageDataset:
    return load(f"folder:{pictures}", pictures.parent / "data", **options)


def entries(pictures) -> list:
    return sorted((pictures.parent / "data" / "decoded").iterdir())


def counted(monkeypatch) -> list:
    """Collects the pictures that are decoded."""
    decoded: list = []
    original = decode_all.to_pixels
    monkeypatch.setattr(decode_all, "to_pixels", lambda *rest: decoded.append(1) or original(*rest))
    return decoded


def same(one: ImageDataset, other: ImageDataset) -> bool:
    equal = np.array_equal(one.images, other.images) and np.array_equal(one.labels, other.labels)
    return equal and (one.fingerprint, one.skipped) == (other.fingerprint, other.skipped)


def test_pictures_are_decoded_once(pictures, monkeypatch):
    decoded = counted(monkeypatch)
    first, second, third = of(pictures), of(pictures), of(pictures, memory_mb=0)
    assert len(decoded) == COUNT and same(first, second) and same(first, third)
    assert not first.on_disk and third.on_disk
    assert first.fingerprint == content_fingerprint(first.images, first.labels)
    assert first.fingerprint == ImageDataset("x", first.images, first.labels, "ab").fingerprint


def test_the_manifest_describes_the_entry(pictures):
    dataset = of(pictures)
    (entry,) = entries(pictures)
    manifest = json.loads((entry / "manifest.json").read_text())
    assert manifest["shape"] == [COUNT, SIDE, SIDE, 3] and manifest["fingerprint"] == dataset.fingerprint
    assert [name for name, _ in manifest["skipped"]] == ["a/zz.png"]
    assert manifest["sizes"] == {path.name: path.stat().st_size for path in entry.iterdir() if path.suffix == ".npy"}
    assert np.array_equal(np.load(entry / "images.npy"), dataset.images)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: save(folder / "a" / "new.png", noise(SIDE, SIDE)),
        lambda folder: (folder / "a" / "00.png").rename(folder / "b" / "00.png"),
        lambda folder: (folder / "a" / "00.png").unlink(),
        lambda folder: os.utime(folder / "a" / "00.png", ns=(1, 1)),
        lambda folder: save(folder / "a" / "00.png", noise(SIDE, SIDE, seed=99)),
    ],
)
def test_changed_pictures_are_decoded_again(pictures, monkeypatch, change):
    of(pictures)
    decoded = counted(monkeypatch)
    change(pictures)
    of(pictures)
    assert len(decoded) >= COUNT - 1


def test_options_that_shape_images_have_entries_of_their_own(pictures):
    assert of(pictures).shape == of(pictures, flip=True, strict=False, memory_mb=1).shape == (8, 8, 3)
    assert len(entries(pictures)) == 1
    of(pictures, resolution=16)
    of(pictures, channels=1)
    assert len(entries(pictures)) == 3


def cut(name):
    return lambda entry: os.truncate(entry / name, (entry / name).stat().st_size - 1)


def overwrite(name, content):
    return lambda entry: (entry / name).write_bytes(content)


def flip_a_bit(entry):
    content = bytearray((entry / "images.npy").read_bytes())
    content[HEADER_BYTES + 5] ^= 1
    (entry / "images.npy").write_bytes(content)


def claim_another_shape(entry):
    content = (entry / "images.npy").read_bytes()
    (entry / "images.npy").write_bytes(npy_header((COUNT, SIDE, 3, SIDE)) + content[HEADER_BYTES:])


DAMAGES = {
    "images cut off": cut("images.npy"),
    "labels cut off": cut("labels.npy"),
    "manifest cut off": cut("manifest.json"),
    "no images": lambda entry: (entry / "images.npy").unlink(),
    "no labels": lambda entry: (entry / "labels.npy").unlink(),
    "no manifest": lambda entry: (entry / "manifest.json").unlink(),
    "empty manifest": overwrite("manifest.json", b""),
    "another manifest": overwrite("manifest.json", b"{}"),
    "nested manifest": overwrite("manifest.json", b"[" * 100_000),
    "a list": overwrite("manifest.json", b"[1]"),
    "another shape": claim_another_shape,
    "a flipped bit": flip_a_bit,
    "longer": lambda entry: (entry / "images.npy").open("ab").write(b"x"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_entry_is_decoded_again(pictures, monkeypatch, name):
    first = of(pictures)
    (entry,) = entries(pictures)
    DAMAGES[name](entry)
    decoded = counted(monkeypatch)
    assert same(of(pictures), first) and len(decoded) == COUNT
    assert same(of(pictures), first) and len(decoded) == COUNT
    assert entries(pictures) == [entry]


SLOW = """
import sys, time
from egan_tf.data import decode_all, load
original = decode_all.to_pixels
def slow(*rest):
    print("decoding", flush=True)
    time.sleep(0.05)
    return original(*rest)
decode_all.to_pixels = slow
print(load(sys.argv[1], sys.argv[2]).fingerprint)
"""


def started(pictures) -> subprocess.Popen:
    command = [sys.executable, "-c", SLOW, f"folder:{pictures}", str(pictures.parent / "data")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("pictures_before", [1, 6])
def test_nothing_is_taken_for_whole_after_a_kill(pictures, pictures_before):
    process = started(pictures)
    for _ in range(pictures_before):
        assert process.stdout.readline() == "decoding\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (left,) = [path for path in entries(pictures) if path.is_dir()]
    assert left.name.endswith(".partial")
    assert len(of(pictures).images) == COUNT
    (entry,) = entries(pictures)
    assert not entry.name.startswith(".")


def test_two_processes_at_once_decode_once(pictures):
    processes = [started(pictures) for _ in range(2)]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert len({output.splitlines()[-1] for output, _ in outputs}) == 1
    assert sum(output.count("decoding") for output, _ in outputs) == COUNT
    assert len(entries(pictures)) == 1


def test_threads_at_once_all_get_the_images(pictures):
    found: list = []
    threads = [threading.Thread(target=lambda: found.append(of(pictures).fingerprint)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and len(set(found)) == 1


def test_who_waits_for_another_makes_no_room_for_what_that_one_writes(pictures, monkeypatch):
    begun, waiting, rooms, found = threading.Event(), threading.Event(), [], []
    decode, make_room = decode_all.to_pixels, preparing.make_room

    def slow(*rest):
        begun.set()
        assert waiting.wait(60)
        return decode(*rest)

    monkeypatch.setattr(decode_all, "to_pixels", slow)
    monkeypatch.setattr(preparing, "make_room", lambda *rest: rooms.append(rest) or make_room(*rest))
    monkeypatch.setattr(preparing, "log_line", lambda line: waiting.set() if "waiting for another" in line else None)
    threads = [threading.Thread(target=lambda: found.append(of(pictures).fingerprint)) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert begun.wait(60)
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1 and len(found) == 2 and len(rooms) == 1


def test_the_least_recently_used_entries_make_room(pictures):
    for resolution in (8, 10, 12):
        of(pictures, resolution=resolution, channels=3)
        time.sleep(0.01)
    of(pictures, resolution=8, channels=3)  # used again
    by_side = {np.load(entry / "images.npy").shape[1]: entry for entry in entries(pictures)}
    total = sum(path.stat().st_size for entry in entries(pictures) for path in entry.iterdir())
    of(pictures, resolution=9, channels=3, cache_gb=(total + 100) / 1e9)
    assert not by_side[10].exists() and by_side[12].exists() and by_side[8].exists()


def test_a_set_larger_than_the_cache_is_refused_before_it_is_decoded(pictures, monkeypatch):
    decoded = counted(monkeypatch)
    with pytest.raises(InputError, match="^cache_gb: the decoded images need 0.00 GB, and the cache holds at most"):
        of(pictures, memory_mb=0, cache_gb=1e-6)
    assert decoded == []


def test_without_a_cache_small_sets_are_decoded_into_memory(pictures, monkeypatch, capsys):
    with_cache = of(pictures)
    clear_cache(pictures.parent / "data")
    decoded = counted(monkeypatch)
    assert same(of(pictures, cache_gb=0), with_cache) and same(of(pictures, cache_gb=0), with_cache)
    assert len(decoded) == 2 * COUNT and "decoded into memory" in capsys.readouterr().err


def test_where_nothing_can_be_written_small_sets_are_decoded_into_memory(pictures, capsys):
    (pictures.parent / "data").write_bytes(b"a file")
    assert len(of(pictures).images) == COUNT
    assert "decoded into memory" in capsys.readouterr().err
    with pytest.raises(InputError, match="^data_dir: .*cannot be written.*choose another data_dir"):
        of(pictures, memory_mb=0)


def test_too_little_space_is_noticed_before(pictures, monkeypatch):
    decoded = counted(monkeypatch)
    monkeypatch.setattr(preparing.shutil, "disk_usage", lambda path: SimpleNamespace(free=10))
    with pytest.raises(InputError, match="^data_dir: .*need 0.00 GB in .*choose another data_dir or lower"):
        of(pictures, memory_mb=0)
    assert decoded == [] and entries(pictures) == []


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error"), MemoryError()]
)
@pytest.mark.parametrize("memory_mb", [512, 0])
@pytest.mark.parametrize("place", ["open_regular_file", "_upright"])
def test_what_could_not_be_read_is_tried_again(pictures, monkeypatch, capsys, error, memory_mb, place):
    original, failing = getattr(decoding, place), ["03.png"]

    def fails_for_one(what: Any, *rest: Any) -> Any:
        if place == "open_regular_file":
            if what.name in failing:
                raise error
        elif failing and np.array_equal(np.asarray(what), noise(SIDE, SIDE, seed=3)):
            raise error
        return original(what, *rest)

    monkeypatch.setattr(decoding, place, fails_for_one)
    for _ in range(2):
        first = of(pictures, memory_mb=memory_mb)
        assert [name for name, _ in first.skipped] == ["a/zz.png", "b/03.png"]
        assert "some could not be read, and are tried again at the next start" in capsys.readouterr().err
    failing.clear()
    found = of(pictures, memory_mb=memory_mb, strict=False)
    assert [name for name, _ in found.skipped] == ["a/zz.png"] and len(found.images) == COUNT
    decoded = counted(monkeypatch)
    assert same(of(pictures, memory_mb=memory_mb), found) and decoded == []


def test_any_flipped_bit_of_a_header_is_noticed(pictures):
    first = of(pictures)
    (entry,) = entries(pictures)
    whole = (entry / "images.npy").read_bytes()
    for bit in range(8 * 128):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        (entry / "images.npy").write_bytes(damaged)
        found = read_entry(entry, 1e9)
        assert found is None or np.array_equal(found.images, first.images), bit


def test_a_full_disk_leaves_nothing_behind(pictures, monkeypatch):
    def full(self, image):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ImageFile, "write", full)
    with pytest.raises(InputError, match="^data_dir: .*No space left on device.*free some space"):
        of(pictures)
    assert entries(pictures) == []


def test_clearing_frees_the_cache(pictures):
    data_dir = pictures.parent / "data"
    assert clear_cache(data_dir) == 0
    on_disk = of(pictures, memory_mb=0)
    before = np.array(on_disk.images)
    assert clear_cache(data_dir) > BYTES
    assert entries(pictures) == [] and data_dir.is_dir()
    assert np.array_equal(on_disk.images, before)  # who reads it goes on
    shutil.rmtree(data_dir)
    assert len(of(pictures).images) == COUNT
