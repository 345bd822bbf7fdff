from __future__ import annotations

import os
import pickle
import zipfile

import numpy as np
import PIL.Image
import pytest

from egan_tf.data import ImageDataset, check_available, load, npz_file
from egan_tf.data.decoding import to_pixels
from egan_tf.data.image_file import npy_header
from egan_tf.utils.checks import InputError
from tests.data.pictures import noise

COUNT = 9
IMAGES = np.stack([noise(6, 8, seed=seed) for seed in range(COUNT)])
GREY = IMAGES[..., 0]
LABELS = np.arange(COUNT) % 3


def npz(tmp_path, split: str = "train", options: dict | None = None, **arrays) -> ImageDataset:
    np.savez_compressed(tmp_path / "it.npz", **arrays)
    return load(f"npz:{tmp_path / 'it.npz'}", tmp_path / "data", split, **(options or {}))


def npy(tmp_path, array, **options) -> ImageDataset:
    np.save(tmp_path / "it.npy", array)
    return load(f"npy:{tmp_path / 'it.npy'}", tmp_path / "data", **options)


def test_images_labels_and_names_of_an_npz_file(tmp_path):
    dataset = npz(tmp_path, images=IMAGES, labels=LABELS, class_names=np.array(["a", "b b", "ü"]))
    assert np.array_equal(dataset.images, IMAGES) and dataset.labels.tolist() == LABELS.tolist()
    assert dataset.class_names == ("a", "b b", "ü") and dataset.name == "it" and dataset.split == "train"
    assert dataset.facts()["source"] == "it.npz" and str(tmp_path) not in str(dataset.facts())
    assert not (tmp_path / "data").exists()


def test_labels_and_names_may_be_missing(tmp_path):
    assert npz(tmp_path, images=IMAGES).labels is None
    assert npz(tmp_path, images=IMAGES, labels=LABELS.astype(np.uint8)).class_names == ("0", "1", "2")


def test_both_splits_as_keras_stores_them(tmp_path):
    arrays = {"x_train": IMAGES, "y_train": LABELS[:, None], "x_test": IMAGES[:2], "y_test": np.array([[1], [0]])}
    train, test = (npz(tmp_path, split, **arrays) for split in ("train", "test"))
    assert (len(train.images), len(test.images)) == (COUNT, 2) and test.labels.tolist() == [1, 0]
    assert train.class_names == test.class_names == ("0", "1", "2")
    with pytest.raises(InputError, match="^split: "):
        npz(tmp_path, "test", images=IMAGES)


@pytest.mark.parametrize("made", [lambda path, **options: npy(path, GREY, **options)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_grey_images_need_no_channel_axis(tmp_path, made, order):
    assert np.array_equal(made(tmp_path).images, GREY[..., None])
    assert np.array_equal(npz(tmp_path, images=GREY).images, GREY[..., None])
    assert np.array_equal(npy(tmp_path, np.asarray(IMAGES, order=order)).images, IMAGES)


def test_a_large_npy_file_is_read_in_place(tmp_path):
    dataset = npy(tmp_path, IMAGES, memory_mb=0)
    assert dataset.on_disk and np.array_equal(dataset.images, IMAGES) and not (tmp_path / "data").exists()
    assert dataset.fingerprint == npy(tmp_path, IMAGES).fingerprint


@pytest.mark.parametrize("array", [IMAGES, GREY])
def test_what_cannot_be_read_in_place_goes_through_the_cache(tmp_path, array):
    fortran = npy(tmp_path, np.asarray(array, order="F"), memory_mb=0)
    packed = npz(tmp_path, images=array, labels=LABELS, options={"memory_mb": 0})
    for dataset in (fortran, packed):
        assert dataset.on_disk and np.array_equal(dataset.images, array.reshape(COUNT, 6, 8, -1))
    assert packed.labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("memory_mb", [0, 512])
def test_resolution_and_channels_apply_as_to_pictures(tmp_path, memory_mb):
    options = {"resolution": 5, "channels": 1, "memory_mb": memory_mb}
    expected = np.stack([to_pixels(PIL.Image.fromarray(image), (5, 5), 1) for image in IMAGES])
    for dataset in (npy(tmp_path, IMAGES, **options), npz(tmp_path, images=IMAGES, options=options)):
        assert np.array_equal(dataset.images, expected)
    assert npy(tmp_path, IMAGES, channels=4).shape == (6, 8, 4)


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (os._exit, (1,))


OBJECTS = np.array([Trap()], dtype=object)


@pytest.mark.parametrize(
    "array, problem",
    [
        (IMAGES / 255, r"must be uint8.*np.uint8\(np.round\(255 \* images\)\)"),
        (IMAGES.astype(np.int64), r"must be uint8.*astype\(np.uint8\)"),
        (IMAGES > 9, "must be uint8"),
        (np.array(["a"]), "must be uint8"),
        (OBJECTS, ""),
        (IMAGES[0], "looks like a single picture"),
        (IMAGES.transpose(0, 3, 1, 2), r"transpose\(0, 2, 3, 1\)"),
        (IMAGES[..., :2], "1, 3 or 4 channels"),
        (IMAGES[:0], "empty|cannot be read"),
        (IMAGES.ravel(), r"must be \[N, H, W, C\]"),
        (np.uint8(3), ""),
    ],
)
def test_arrays_that_are_no_images_are_refused(tmp_path, array, problem):
    for refuse in (lambda: npy(tmp_path, array), lambda: npz(tmp_path, images=array)):
        with pytest.raises(InputError, match=f"^dataset: .*({problem})") as caught:
            refuse()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arrays, problem",
    [
        ({"labels": LABELS[:4]}, "one label per image, 9 in all"),
        ({"labels": LABELS / 2}, "must be integers"),
        ({"labels": LABELS - 1}, r"holds -1\.\.1"),
        ({"labels": LABELS * 2}, "no image has label 1; number the classes"),
        ({"labels": LABELS + 10**9}, "one number per class"),
        ({"labels": OBJECTS}, "Python objects"),
        ({"labels": LABELS, "class_names": np.array(["a", "b"])}, "2 names, and the highest label is 2"),
        ({"labels": LABELS, "class_names": np.arange(3)}, "must be strings"),
        ({"labels": LABELS, "class_names": OBJECTS}, "Python objects"),
        ({"class_names": np.array(["a"])}, "class_names but no labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(tmp_path, arrays, problem):
    with pytest.raises(InputError, match=f"^dataset: .*{problem}"):
        npz(tmp_path, images=IMAGES, **arrays)


def test_a_class_without_images_may_have_a_name(tmp_path):
    assert len(npz(tmp_path, images=IMAGES, labels=LABELS * 2, class_names=np.array(list("abcdef"))).class_names) == 6


def test_other_arrays_are_listed(tmp_path):
    with pytest.raises(InputError, match="holds pixels; expected a .npz file with the array images"):
        npz(tmp_path, pixels=IMAGES)


def write_member(path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)


def truncated(path) -> None:
    np.savez(path, images=IMAGES)
    os.truncate(path, path.stat().st_size // 2)


def spoiled(path) -> None:
    np.savez(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def spoiled_packed(path) -> None:
    np.savez_compressed(path, images=IMAGES)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        crc = archive.getinfo("images.npy").CRC.to_bytes(4, "little")
    path.write_bytes(content.replace(crc, bytes(4)))


NPZ = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"hello"),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
    "no zip": lambda path: path.write_bytes(b"PK" + bytes(100)),
    "truncated": truncated,
    "spoiled": spoiled,
    "another checksum": spoiled_packed,
    "claims more than it holds": lambda path: write_member(path, "images.npy", npy_header((10**9, 64, 64, 3))),
    "holds more than it claims": lambda path: write_member(path, "images.npy", npy_header((1, 2, 2, 3)) + bytes(99)),
    "an overflowing shape": lambda path: write_member(path, "images.npy", npy_header((2**40, 2**40, 2**40, 3))),
    "no header": lambda path: write_member(path, "images.npy", b"\x93NUMPY\x01\x00"),
    "another version": lambda path: write_member(path, "images.npy", b"\x93NUMPY\x09\x00" + bytes(99)),
    "nothing": lambda path: write_member(path, "readme.txt", b"hello"),
}


@pytest.mark.parametrize("name", NPZ)
def test_damaged_npz_files_are_refused(tmp_path, name):
    NPZ[name](tmp_path / "it.npz")
    for memory_mb in (0, 512):
        with pytest.raises(InputError, match=r"^dataset: .*it\.npz|^dataset: images is damaged") as caught:
            load(f"npz:{tmp_path / 'it.npz'}", tmp_path / "data", memory_mb=memory_mb)
        assert "\n" not in str(caught.value)
    assert not list((tmp_path / "data").rglob("*.npy"))


NPY = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"hello"),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
    "an npz file": lambda path: write_member(path, "images.npy", npy_header((1, 2, 2, 3)) + bytes(12)),
    "truncated": lambda path: path.write_bytes(npy_header(IMAGES.shape) + IMAGES.tobytes()[:-1]),
    "an overflowing shape": lambda path: path.write_bytes(npy_header((2**40, 2**40, 2**40, 3))),
    "a negative shape": lambda path: path.write_bytes(npy_header((-1, 8, 8, 3)) + bytes(192)),
    "a header of nothing": lambda path: path.write_bytes(b"\x93NUMPY\x01\x00\xff\xff"),
}


@pytest.mark.parametrize("name", NPY)
def test_damaged_npy_files_are_refused(tmp_path, name):
    NPY[name](tmp_path / "it.npy")
    for memory_mb in (0, 512):
        with pytest.raises(InputError, match=r"^dataset: .*it\.npy") as caught:
            load(f"npy:{tmp_path / 'it.npy'}", tmp_path / "data", memory_mb=memory_mb)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_a_missing_file_is_noticed_by_the_check(tmp_path, kind):
    with pytest.raises(InputError, match="^dataset: .*does not exist; expected a .np[yz] file"):
        check_available(f"{kind}:{tmp_path / 'x'}", tmp_path)
    with pytest.raises(InputError, match=f"^dataset: {kind} needs an argument: {kind}:PATH"):
        check_available(kind, tmp_path)


def test_labels_of_any_claimed_size_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "MAX_SMALL_BYTES", 8)
    with pytest.raises(InputError, match="labels claims 72 bytes, more than 8"):
        npz(tmp_path, images=IMAGES, labels=LABELS.astype(np.int64))
