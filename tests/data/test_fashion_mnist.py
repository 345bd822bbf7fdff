from __future__ import annotations

import os

import numpy as np
import pytest

from egan_tf.data import fashion_mnist, load, network, tfds_source
from egan_tf.data.fashion_mnist import DEBIAN_DIR, ORIGINALS, provide_downloads
from egan_tf.utils.checks import InputError

needs_debian = pytest.mark.skipif(
    not all((DEBIAN_DIR / original.name).is_file() for original in ORIGINALS),
    reason=f"needs {DEBIAN_DIR} (apt-get install dataset-fashion-mnist)",
)


def damaged_source(folder):
    for original in ORIGINALS:
        (folder / original.name).write_bytes(b"\x1f\x8b\x08\x00" + bytes(60))
    return folder


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setattr(network, "behind_proxy", lambda: False)
    monkeypatch.setattr(network, "unreachable", lambda sites: list(sites))


def test_missing_files_are_refused_before_any_preparation(tmp_path, monkeypatch, offline):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_DIR", tmp_path / "absent")
    monkeypatch.setattr(tfds_source, "_prepare", lambda *_: pytest.fail("began to prepare"))
    with pytest.raises(InputError, match="^dataset: .*apt-get install dataset-fashion-mnist") as caught:
        load("fashion_mnist", tmp_path / "data")
    assert str(tmp_path / "data") in str(caught.value) and "download_and_prepare" in str(caught.value)
    assert not (tmp_path / "data").exists()


def test_with_a_network_tfds_downloads_what_debian_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_DIR", tmp_path / "absent")
    monkeypatch.setattr(network, "unreachable", lambda sites: [])
    fashion_mnist.check("", tmp_path / "data")
    provide_downloads(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_damaged_files_are_refused_and_not_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN_DIR", damaged_source(tmp_path))
    with pytest.raises(InputError, match="^dataset: .*damaged"):
        load("fashion_mnist", tmp_path / "data")
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_unfinished_data_set_is_refused(tmp_path):
    folder = tmp_path / "fashion_mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "fashion_mnist-train.tfrecord-00000-of-00001").write_bytes(b"half")
    with pytest.raises(InputError, match="^dataset: .*no complete data set; delete it"):
        load("fashion_mnist", tmp_path)


def test_unreadable_data_set_is_refused(tmp_path):
    folder = tmp_path / "fashion_mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{")
    (folder / "features.json").write_text("{}")
    with pytest.raises(InputError, match="^dataset: .*cannot be read.*delete that folder"):
        load("fashion_mnist", tmp_path)


def test_unknown_split_is_refused_before_anything_is_prepared(tmp_path):
    with pytest.raises(InputError, match="^split: "):
        load("fashion_mnist", tmp_path, split="validation")
    assert not list(tmp_path.iterdir())


@needs_debian
def test_data_dir_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="^data_dir: .*cannot be written"):
        provide_downloads(tmp_path / "file")


@needs_debian
def test_published_files_are_restored_once(tmp_path):
    provide_downloads(tmp_path)
    manual = tmp_path / "downloads" / "manual"
    assert {path.name for path in manual.iterdir()} == {original.name for original in ORIGINALS}
    times = {path: os.stat(path).st_mtime_ns for path in manual.iterdir()}

    broken = manual / ORIGINALS[3].name
    broken.write_bytes(b"half")
    provide_downloads(tmp_path)
    assert fashion_mnist._is_original(broken, ORIGINALS[3])
    assert all(os.stat(path).st_mtime_ns == when for path, when in times.items() if path != broken)

    # Once the originals are restored, the Debian package is not needed.
    provide_downloads(tmp_path, source=tmp_path / "absent")


@needs_debian
@pytest.mark.slow
def test_real_preparation(tmp_path, capfd, monkeypatch):
    train = load("fashion_mnist", tmp_path)
    printed = capfd.readouterr()
    assert printed.out == "" and "fashion_mnist: preparing" in printed.err

    monkeypatch.setattr(fashion_mnist, "DEBIAN_DIR", tmp_path / "absent")
    test = load("fashion_mnist", tmp_path, split="test")
    assert "preparing" not in capfd.readouterr().err

    assert train.images.shape == (60_000, 28, 28, 1) and test.images.shape == (10_000, 28, 28, 1)
    assert (np.bincount(train.labels) == 6000).all() and (np.bincount(test.labels) == 1000).all()
    assert train.class_names[0] == "T-shirt/top" and len(train.class_names) == 10
    # The published mean of the training pixels is 0.2860 of 255.
    assert train.images.mean() / 255 == pytest.approx(0.2860, abs=1e-4)
    assert train.fingerprint != test.fingerprint
    assert (train.split, test.split) == ("train", "test") and "60,000" in train.about.description

    images, labels = next(iter(train.batches(32, seed=1)))
    assert images.shape == (32, 28, 28, 1) and labels.shape == (32,)
