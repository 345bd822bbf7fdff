from __future__ import annotations

import json

import numpy as np
import pytest

from egan_tf.metrics.extractors.pixels import Pixels
from egan_tf.metrics.reference import load_reference, real_images
from egan_tf.metrics.store import load_arrays, save_arrays
from egan_tf.utils.checks import InputError
from tests.metrics.conftest import striped


class Counting(Pixels):
    """Pixels, with a count of the images."""

    seen = 0

    def compute(self, images):
        self.seen += len(images)
        return super().compute(images)


@pytest.fixture
def extractor(stripes) -> Counting:
    return Counting(stripes.shape)


def same(first, second) -> bool:
    return np.array_equal(first.moments.mean, second.moments.mean) and np.allclose(
        first.moments.scatter, second.moments.scatter, rtol=1e-12
    )


def test_images_are_evenly_spaced(stripes):
    images = np.concatenate(list(real_images(stripes, 200, batch=64)))
    np.testing.assert_allclose(images, stripes.images[::3] / 127.5 - 1, atol=1e-6)


@pytest.mark.parametrize("with_features", [False, True])
def test_it_agrees_with_numpy_and_is_cached(stripes, extractor, tmp_path, with_features):
    found = load_reference(stripes, extractor, 600, tmp_path, with_features)
    pixels = stripes.images.reshape(600, -1) / 127.5 - 1
    assert found.count == 600 and extractor.seen == 600
    np.testing.assert_allclose(found.moments.covariance, np.cov(pixels.T), rtol=1e-4, atol=1e-6)
    if with_features:
        np.testing.assert_allclose(found.features, pixels, atol=1e-6)
    else:
        assert found.features is None

    again = load_reference(stripes, extractor, 600, tmp_path, with_features)
    assert extractor.seen == 600 and same(found, again)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_data_count_and_extractor_are_part_of_the_cache_key(stripes, extractor, tmp_path):
    load_reference(stripes, extractor, 600, tmp_path)
    other = Counting(stripes.shape)
    other.hash = "0" * 64
    resized = Counting(stripes.shape)
    resized.resize = "by guessing"
    for files, (data, which, count) in enumerate(
        [
            (striped(600, 1), extractor, 600),
            (striped(600, 0, "test"), extractor, 600),
            (stripes, extractor, 599),
            (stripes, other, 600),
            (stripes, resized, 600),
        ],
        start=2,
    ):
        before = which.seen
        load_reference(data, which, count, tmp_path)
        assert which.seen == before + count
        assert len(list(tmp_path.iterdir())) == files


def test_a_count_above_the_size_takes_all_images(stripes, extractor):
    assert load_reference(stripes, extractor, 10_000).count == 600


def flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-1], lambda content: content[: len(content) // 2], lambda content: b"", flip],
    ids=["cut", "half", "empty", "a bit"],
)
@pytest.mark.parametrize("with_features", [False, True])
def test_a_damaged_file_is_computed_again(stripes, extractor, tmp_path, damage, with_features):
    found = load_reference(stripes, extractor, 600, tmp_path, with_features)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    again = load_reference(stripes, extractor, 600, tmp_path, with_features)
    assert extractor.seen == 1200 and same(found, again)
    load_reference(stripes, extractor, 600, tmp_path, with_features)
    assert extractor.seen == 1200 and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "arrays",
    [
        {"mean": np.zeros(64)},
        {"mean": np.zeros(64), "scatter": np.zeros((64, 63))},
        {"mean": np.zeros(64), "scatter": np.full((64, 64), np.nan)},
        {"mean": np.zeros(64, int), "scatter": np.zeros((64, 64), int)},
    ],
)
def test_a_file_with_unexpected_arrays_is_computed_again(stripes, extractor, tmp_path, arrays, monkeypatch):
    found = load_reference(stripes, extractor, 600, tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path) as file:
        about = json.loads(str(file["about"]))
    save_arrays(path, about, arrays)
    assert load_arrays(path, about) is not None
    assert same(load_reference(stripes, extractor, 600, tmp_path), found) and extractor.seen == 1200


def test_a_pickle_is_not_read(stripes, extractor, tmp_path):
    load_reference(stripes, extractor, 600, tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path) as file:
        about = file["about"]
    with path.open("wb") as file:
        np.savez(file, about=about, mean=np.array([{"an": "object"}], object), scatter=np.zeros((64, 64)))
    assert load_arrays(path, json.loads(str(about))) is None
    load_reference(stripes, extractor, 600, tmp_path)
    assert extractor.seen == 1200


def test_a_failed_write_is_said_and_leaves_no_file(stripes, extractor, tmp_path, monkeypatch, capsys):
    def fail(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    found = load_reference(stripes, extractor, 600, tmp_path / "made")
    assert found.count == 600 and list((tmp_path / "made").iterdir()) == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{stripes.name}: statistics of its images are not kept") and "No space left" in line
    monkeypatch.undo()
    (tmp_path / "file").write_bytes(b"")
    assert load_reference(stripes, extractor, 600, tmp_path / "file" / "metrics").count == 600


def test_bad_input_is_named(stripes, extractor):
    with pytest.raises(InputError, match="^count: "):
        load_reference(stripes, extractor, 0)
    with pytest.raises(InputError, match="^images: "):
        load_reference(stripes, Pixels((4, 4, 1)), 10)
