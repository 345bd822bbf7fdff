"""The sampler, on small ONNX files built without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.sampling import ROWS, Sampler
from egan_tf.utils.checks import InputError


def test_samples_are_what_the_metadata_say(image_file: Path, point_file: Path) -> None:
    sampler = Sampler(image_file.parent)  # the folder will do
    assert (sampler.latent_size, sampler.distribution) == (16, "normal")
    assert (sampler.sample_shape, sampler.value_range) == ((8, 8, 1), (-1.0, 1.0))
    images = sampler.sample(5, seed=3)
    assert images.dtype == np.float32 and images.shape == (5, 8, 8, 1) and np.abs(images).max() <= 1
    np.testing.assert_array_equal(images, sampler.sample(5, seed=3))
    assert not np.array_equal(images, sampler.sample(5, seed=4))
    assert Sampler(point_file).sample(3).shape == (3, 2)


def test_sample_i_depends_on_the_seed_and_i_only(image_file: Path) -> None:
    everything = Sampler(image_file).sample(100, seed=5)
    for count in (1, 5, ROWS - 1, ROWS, ROWS + 1, 64, 99):
        np.testing.assert_array_equal(Sampler(image_file).sample(count, seed=5), everything[:count])
    for batch_size in (1, 7, ROWS, 64, 1000):
        sampler = Sampler(image_file, batch_size=batch_size)
        np.testing.assert_array_equal(sampler.sample(100, seed=5), everything)
        batches = list(sampler.batches(100, seed=5))
        assert max(map(len, batches)) <= -(-batch_size // ROWS) * ROWS
        np.testing.assert_array_equal(np.concatenate(batches), everything)


@pytest.mark.parametrize("file", ["image_file", "point_file"])
def test_samples_are_those_of_the_published_noise(file: str, request: pytest.FixtureRequest) -> None:
    sampler = Sampler(request.getfixturevalue(file))
    noise = sampler.noise(70, seed=2)
    assert noise.dtype == np.float32
    np.testing.assert_array_equal(noise[:9], sampler.noise(9, seed=2))
    np.testing.assert_allclose(sampler.generate(noise), sampler.sample(70, seed=2), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0,), "count"), ((1.5,), "count"), ((True,), "count"), ((1, -1), "seed"), ((1, "a"), "seed")],
)
def test_refuses_impossible_numbers(image_file: Path, arguments: tuple[int, ...], field: str) -> None:
    for method in (Sampler(image_file).sample, Sampler(image_file).noise):
        with pytest.raises(InputError) as caught:
            method(*arguments)
        assert caught.value.field == field


def test_refuses_noise_of_another_shape(image_file: Path) -> None:
    for shape in ((16,), (2, 15), (0, 16)):
        with pytest.raises(InputError, match=r"noise: must be \[count, 16\]"):
            Sampler(image_file).generate(np.zeros(shape))
    with pytest.raises(InputError, match="batch_size"):
        Sampler(image_file, batch_size=0)
    with pytest.raises(InputError, match="path"):
        Sampler(None)  # type: ignore[arg-type]
