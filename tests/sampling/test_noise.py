"""The noise: its distribution, and its exact bits, which no version may change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from egan_tf.sampling import DISTRIBUTIONS, Sampler
from egan_tf.sampling.noise import draw_noise, noise_generator

FIRST_NUMBERS = {
    "normal": [1068451541, 1035668351, 1054476816, 3184094695],
    "uniform": [1050741376, 3211317080, 3203094432, 3208560054],
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_seed_gives_the_same_bits_as_ever(distribution: str) -> None:
    noise = draw_noise(noise_generator(3), distribution, 2, 2)
    assert noise.dtype == np.float32
    assert noise.view(np.uint32).ravel().tolist() == FIRST_NUMBERS[distribution]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_rows_come_in_order(distribution: str) -> None:
    generator = noise_generator(7)
    parts = [draw_noise(generator, distribution, count, 3) for count in (1, 4, 5)]
    np.testing.assert_array_equal(np.concatenate(parts), draw_noise(noise_generator(7), distribution, 10, 3))


def test_noise_has_its_distribution(image_file: Path, point_file: Path) -> None:
    normal = Sampler(image_file).noise(20_000).ravel()
    assert abs(normal.mean()) < 0.01 and abs(normal.std() - 1) < 0.01
    assert abs((np.abs(normal) < 1).mean() - 0.6827) < 0.005 and abs((normal**4).mean() - 3) < 0.1
    uniform = Sampler(point_file).noise(100_000).ravel()
    assert uniform.min() >= -1 and uniform.max() < 1 and abs(uniform.mean()) < 0.01
    counts = np.histogram(uniform, bins=20, range=(-1, 1))[0] / len(uniform)
    assert np.abs(counts - 0.05).max() < 0.003
