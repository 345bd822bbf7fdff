"""Options for images on data sets that a loader returns whole."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from egan_tf import data
from egan_tf.data import load
from egan_tf.data.decoding import to_pixels
from egan_tf.utils.checks import InputError


def test_images_in_memory_are_resized_as_pictures(tmp_path):
    plain, larger = load("digits", tmp_path), load("digits", tmp_path, resolution=16, channels=3)
    picture = PIL.Image.fromarray(plain.images[7, ..., 0])
    assert np.array_equal(larger.images[7], to_pixels(picture, (16, 16), 3))
    assert larger.shape == (16, 16, 3) and np.array_equal(larger.labels, plain.labels)
    assert larger.class_names == plain.class_names and larger.name == "digits"
    assert larger.fingerprint != plain.fingerprint and larger.about.license == plain.about.license
    assert load("digits", tmp_path, resolution=16, channels=3, memory_mb=0).on_disk


def test_channels_alone_keep_a_shape_that_no_network_makes(tmp_path, monkeypatch, numbered):
    monkeypatch.setitem(data.DATASETS, "it", data.Kind(lambda argument, data_dir, split: numbered))
    grey = load("it", tmp_path, channels=1)
    assert grey.shape == (4, 6, 1) and np.array_equal(grey.images[..., 0], numbered.images[..., 0])


def test_a_loaded_data_set_is_not_changed(tmp_path, monkeypatch, numbered):
    monkeypatch.setitem(data.DATASETS, "it", data.Kind(lambda argument, data_dir, split: numbered))
    assert load("it", tmp_path, flip=True).options.flip and not numbered.options.flip
    assert load("it", tmp_path).origin == "it" and numbered.origin == ""


@pytest.mark.parametrize("options", [{}, {"resolution": 8}, {"channels": 1}, {"resolution": 8, "flip": True}])
def test_what_a_function_says_about_its_images_stays_whatever_they_become(tmp_path, numbered, options):
    def mine():
        return data.ImageDataset(
            "mine", numbered.images, options=data.ImageOptions(flip=True), skipped=[("a.png", "is empty")]
        )

    found = load(mine, tmp_path, **options)
    assert found.options.flip and found.skipped == (("a.png", "is empty"),)
    assert found.facts()["mirrored"] and found.facts()["left_out"] == 1


@pytest.mark.parametrize("option", [{"resolution": 8}, {"channels": 1}, {"flip": True}])
def test_points_take_no_options_for_images(tmp_path, option):
    (name,) = option
    with pytest.raises(InputError, match=f"^{name}: .*ring8 holds points"):
        load("ring8", tmp_path, **option)


def test_points_take_limits_of_memory(tmp_path):
    assert load("ring8", tmp_path, memory_mb=1, cache_gb=1, strict=True).origin == "ring8"


@pytest.mark.parametrize(
    "option, problem",
    [
        ({"resolution": 3}, "^resolution: "),
        ({"resolution": 5000}, "^resolution: "),
        ({"resolution": 8.5}, "^resolution: "),
        ({"channels": 2}, "^channels: "),
        ({"flip": 1}, "^flip: "),
        ({"strict": "no"}, "^strict: "),
        ({"memory_mb": -1}, "^memory_mb: "),
        ({"cache_gb": float("nan")}, "^cache_gb: "),
        ({"size": 8}, "^options: unknown value 'size'"),
    ],
)
def test_impossible_options_are_refused(tmp_path, option, problem):
    with pytest.raises(InputError, match=problem):
        load("digits", tmp_path, **option)
