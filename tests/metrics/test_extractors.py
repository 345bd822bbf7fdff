from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from egan_tf.data import ImageDataset, load
from egan_tf.metrics.extractors import EXTRACTORS, base, classifier, load_extractor, pixels, reads_file
from egan_tf.metrics.extractors.classifier import train_test_split
from egan_tf.metrics.frechet import Moments
from egan_tf.metrics.reference import real_images
from egan_tf.utils.checks import InputError
from tests.data import tfds_sets
from tests.metrics.conftest import SIDE, striped

WITHOUT_FILES = ("cnn", "pixels", "pixels_pca")


def images_of(dataset: ImageDataset, count: int = 40) -> np.ndarray:
    return next(iter(real_images(dataset, count)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_every_extractor_keeps_the_contract(name, stripes, folder):
    extractor = load_extractor(name, stripes, folder)
    images = images_of(stripes, 300)
    features, probabilities = extractor.activations(images)
    assert features.shape == (300, extractor.size) and features.dtype == np.float32
    assert np.isfinite(features).all() and features.std() > 0
    assert extractor.name and extractor.resize == "none" and not extractor.official
    assert len(extractor.hash) == 64 and int(extractor.hash, 16) >= 0
    # The batches end at 256; a row must not depend on the others of its batch.
    np.testing.assert_allclose(extractor.features(images[250:260]), features[250:260], rtol=1e-4, atol=1e-4)
    if extractor.classes:
        assert probabilities.shape == (300, extractor.classes)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    else:
        with pytest.raises(InputError, match="^extractor: .*no class probabilities"):
            extractor.probabilities(images)


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_the_hash_depends_on_the_parameters_only(name, stripes, folder):
    extractor = load_extractor(name, stripes, folder)
    assert load_extractor(name, stripes, folder).hash == extractor.hash
    other = ImageDataset("striped", np.pad(stripes.images, [(0, 0), (0, 4), (0, 4), (0, 0)]), stripes.labels, "abcd")
    assert load_extractor(name, other, folder).hash != extractor.hash


@pytest.mark.parametrize("name", WITHOUT_FILES)
def test_images_of_another_size_or_kind_are_refused(name, stripes, folder):
    extractor = load_extractor(name, stripes, folder)
    for images, problem in (
        (np.zeros((3, SIDE, SIDE + 1, 1), np.float32), "each, got"),
        (np.zeros((3, SIDE, SIDE), np.float32), r"\[n, H, W, C\]"),
        (np.zeros((0, SIDE, SIDE, 1), np.float32), "empty axis"),
        (np.zeros((3, SIDE, SIDE, 1), np.uint8), "floats"),
        (np.full((3, SIDE, SIDE, 1), 255.0), r"in \[-1, 1\], got 255"),
        (np.full((3, SIDE, SIDE, 1), np.nan), "finite"),
    ):
        with pytest.raises(InputError, match=f"^images: .*{problem}"):
            extractor.features(images)


def test_features_of_pixels_are_the_pixels(stripes, folder):
    images = images_of(stripes)
    np.testing.assert_allclose(
        load_extractor("pixels", stripes, folder).features(images), images.reshape(40, -1), atol=1e-6
    )


def test_principal_axes_are_kept(stripes, tmp_path, monkeypatch, capsys):
    first = load_extractor("pixels_pca", stripes, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(pixels, "principal_pixels", lambda *_: pytest.fail("they are there"))
        assert load_extractor("pixels_pca", stripes, tmp_path).hash == first.hash
        assert load_extractor("pixels_pca", stripes, tmp_path / "other", trained=False).size == first.size
    assert not (tmp_path / "other").exists()
    other = ImageDataset(stripes.name, stripes.images[::2])
    assert load_extractor("pixels_pca", other, tmp_path).hash != first.hash
    (tmp_path / "file").write_bytes(b"")
    assert load_extractor("pixels_pca", stripes, tmp_path / "file").size == first.size
    assert "its principal axes are not kept" in capsys.readouterr().err


TWO_AT_ONCE = """
import sys
from egan_tf.metrics.extractors import load_extractor
from tests.metrics.conftest import striped
extractor = load_extractor(sys.argv[1], striped(100, 0), sys.argv[2])
print(extractor.hash)
"""


@pytest.mark.parametrize("name", [pytest.param("cnn", marks=pytest.mark.slow), "pixels_pca"])
def test_processes_that_start_at_once_measure_by_one_extractor(name, tmp_path):
    command = [sys.executable, "-c", TWO_AT_ONCE, name, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    hashes = {process.communicate()[0].split()[-1] for process in processes}
    assert len(hashes) == 1 and [process.returncode for process in processes] == [0, 0]
    assert load_extractor(name, striped(100, 0), tmp_path).hash in hashes


def test_principal_pixels_are_uncorrelated_and_ordered(stripes, folder):
    extractor = load_extractor("pixels_pca", stripes, folder)
    moments = Moments.from_features(extractor.features(images_of(stripes, 512)))
    covariance = Moments.from_features(extractor.features(np.concatenate(list(real_images(stripes, 600))))).covariance
    variances = np.diag(covariance)
    assert extractor.name == "pixels_pca64" and moments.count == 512
    assert (np.diff(variances) <= 1e-6).all()
    assert np.abs(covariance - np.diag(variances)).max() < 1e-5 * variances[0]
    # 64 axes of 64 pixels preserve the variance.
    pixels = stripes.images.reshape(600, -1) / 127.5
    assert variances.sum() == pytest.approx(np.trace(np.cov(pixels.T)), rel=1e-5)


def test_images_are_rounded_to_bytes():
    every = (np.arange(256) / 127.5 - 1).astype(np.float32)
    assert base.to_bytes(every).tolist() == list(range(256))
    assert base.to_bytes(every + np.float32(0.49 / 127.5)).tolist() == list(range(256))
    np.testing.assert_array_equal(base.round_to_bytes(base.round_to_bytes(every)), base.round_to_bytes(every))
    assert base.to_bytes(np.float32([-1.0000001, 1.0000001])).tolist() == [0, 255]


def test_differences_below_one_byte_are_ignored(stripes, folder):
    images = images_of(stripes)
    blurred = np.clip(images + np.random.default_rng(0).uniform(-0.4, 0.4, images.shape) / 127.5, -1, 1)
    extractor = load_extractor("pixels", stripes, folder)
    np.testing.assert_array_equal(extractor.features(blurred.astype(np.float32)), extractor.features(images))


def test_classifier_learns_and_is_cached(stripes, tmp_path, capfd):
    extractor = load_extractor("cnn", stripes, tmp_path)
    assert "striped: training its classifier" in capfd.readouterr().err
    assert extractor.name == "striped_cnn" and extractor.classes == 4
    assert extractor.details["test_accuracy"] > 0.95
    fresh = striped(200, 9)
    named = extractor.probabilities(images_of(fresh, 200)).argmax(axis=1)
    assert (named == fresh.labels).mean() > 0.95

    again = load_extractor("cnn", stripes, tmp_path)
    assert capfd.readouterr().err == ""
    assert (again.hash, again.details) == (extractor.hash, extractor.details)
    np.testing.assert_array_equal(again.features(images_of(stripes)), extractor.features(images_of(stripes)))

    (path,) = (tmp_path / "metrics").iterdir()
    path.write_bytes(path.read_bytes()[:-2000])
    repaired = load_extractor("cnn", stripes, tmp_path)
    assert "training" in capfd.readouterr().err and repaired.details["test_accuracy"] > 0.95
    load_extractor("cnn", stripes, tmp_path)
    assert capfd.readouterr().err == ""


def test_training_a_classifier_keeps_the_global_seed_and_dtype_policy(stripes, tmp_path):
    import keras
    import tensorflow as tf

    def drawn() -> float:
        return float(tf.random.normal([]))

    keras.utils.set_random_seed(3)
    expected = drawn()
    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        extractor = load_extractor("cnn", stripes, tmp_path)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert drawn() == expected
    features = extractor.features(images_of(stripes))
    assert not np.array_equal(features, tf.cast(tf.cast(features, tf.bfloat16), tf.float32).numpy())


def test_a_classifier_is_tested_on_held_out_images(stripes, tmp_path):
    train, test = train_test_split(stripes, tmp_path)
    assert (len(train.images), len(test.images)) == (480, 120)
    seen = {image.tobytes() for image in train.images}
    assert not any(image.tobytes() in seen for image in test.images)
    digits, held = train_test_split(load("digits", tmp_path), tmp_path)
    assert len(digits.images) + len(held.images) == 1797


def test_the_test_split_is_that_of_the_same_file(stripes, tmp_path):
    test = striped(100, 1)
    arrays = {"x_train": stripes.images, "y_train": stripes.labels, "x_test": test.images, "y_test": test.labels}
    np.savez(tmp_path / "digits.npz", **arrays)
    dataset = load(f"npz:{tmp_path / 'digits.npz'}", tmp_path)
    train, held = train_test_split(dataset, tmp_path)
    assert (train.fingerprint, len(train.images)) == (dataset.fingerprint, 600)
    assert np.array_equal(held.images, test.images)


@pytest.mark.parametrize("split, count", [("test", 7), ("train[:50%]", 10)])
def test_of_a_string_that_names_a_split_images_are_held_out(split, count, tmp_path):
    tfds_sets.mnist(tmp_path)
    dataset = load(f"tfds:mnist:{split}", tmp_path)
    train, test = train_test_split(dataset, tmp_path)
    assert len(dataset.images) == len(train.images) + len(test.images) == count
    assert not {image.tobytes() for image in train.images} & {image.tobytes() for image in test.images}


def test_a_data_set_that_has_only_the_name_of_another_is_held_out(stripes, tmp_path):
    images = np.zeros((60, 28, 28, 1), np.uint8)
    named = ImageDataset("fashion_mnist", images, np.arange(60) % 10, tuple("0123456789"))
    train, test = train_test_split(named, tmp_path)
    assert (len(train.images), len(test.images)) == (48, 12)
    np.savez(tmp_path / "digits.npz", images=stripes.images, labels=stripes.labels)
    train, test = train_test_split(load(f"npz:{tmp_path / 'digits.npz'}", tmp_path), tmp_path)
    assert (len(train.images), len(test.images)) == (480, 120)


def test_of_images_on_disk_a_part_is_used(tmp_path, monkeypatch):
    np.save(tmp_path / "images.npy", striped(100, 0).images)
    images, labels = np.load(tmp_path / "images.npy", mmap_mode="r"), striped(100, 0).labels
    dataset = ImageDataset("it", images, labels, "abcd")
    assert [len(part.images) for part in train_test_split(dataset, tmp_path)] == [80, 20]
    monkeypatch.setattr(classifier, "MAX_BYTES", 50 * 64)
    train, test = train_test_split(dataset, tmp_path)
    assert (len(train.images), len(test.images)) == (40, 10) and not train.on_disk
    assert np.array_equal(train.images[1], images[2]) and train.labels[1] == labels[2]


def test_without_labels_there_is_no_classifier(tmp_path):
    with pytest.raises(InputError, match="^extractor: cnn needs labels"):
        load_extractor("cnn", ImageDataset("plain", np.zeros((5, 8, 8, 1), np.uint8)), tmp_path)


def test_an_unwritable_data_dir_is_refused_before_training(stripes, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "train_classifier", lambda *_: pytest.fail("trained"))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="^data_dir: "):
        load_extractor("cnn", stripes, tmp_path / "file")


def test_unknown_names_and_data_without_images_are_refused(stripes, tmp_path):
    with pytest.raises(InputError, match="extractor: .*did you mean 'pixels'") as caught:
        load_extractor("pixel", stripes, tmp_path)
    assert all(name in str(caught.value) for name in EXTRACTORS)
    with pytest.raises(InputError, match="^extractor: cnn takes images"):
        load_extractor("cnn", load("ring8", tmp_path), tmp_path)


@pytest.mark.parametrize("name", [name for name in EXTRACTORS if not reads_file(name)])
def test_a_file_for_an_extractor_that_reads_none_is_refused(stripes, tmp_path, name):
    with pytest.raises(InputError, match=f"^path: {name} reads no file; leave it out"):
        load_extractor(name, stripes, tmp_path, tmp_path / "graph.pb")


def test_some_extractors_read_a_file():
    assert {name for name in EXTRACTORS if reads_file(name)} == {"efficientnet_lite0", "inception"}


def test_the_registry_and_the_formulas_import_no_tensorflow():
    names = (
        "extractors",
        "registry",
        "evaluate",
        "sources",
        "reference",
        "mixtures",
        "frechet",
        "kernel",
        "neighbours",
    )
    code = "".join(f"import egan_tf.metrics.{name};" for name in names)
    code += "import sys; assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", [name for name in EXTRACTORS if reads_file(name)])
def test_a_file_that_cannot_be_read_is_refused_in_one_line(name, stripes, tmp_path):
    for path in (tmp_path / ("x" * 300), tmp_path):  # files without rights stop no administrator
        with pytest.raises(InputError, match=r"^extractor: .* cannot be read \(.*change its rights") as refused:
            load_extractor(name, stripes, tmp_path, path)
        assert "\n" not in str(refused.value)
