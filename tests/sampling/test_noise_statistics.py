"""The noise has its distribution, and seeds, samples and positions are independent. All seeds are fixed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from egan_tf.sampling import DISTRIBUTIONS
from egan_tf.sampling.noise import NOISE, NOISES

SIZE = 100
COUNTS = [100_000, pytest.param(10_000_000, marks=pytest.mark.slow)]
MAX_DEVIATIONS = 4.0
"""Standard deviations that a statistic may lie from its expectation: once in 16,000 draws."""


def numbers(distribution: str, count: int, seed: int = 1, start: int = 0) -> np.ndarray:
    return NOISES[NOISE].rows(distribution, seed, start, SIZE).draw(count // SIZE)


def within(name: str, found: float, expected: float, deviation: float) -> None:
    """Fails unless a statistic is near its expectation; with -s prints by how many standard deviations."""
    deviations = (found - expected) / deviation
    print(f"{name}: {found:.9g}, expected {expected:.9g}, {deviations:+.2f} standard deviations")
    assert abs(deviations) < MAX_DEVIATIONS, name


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_kolmogorov_smirnov(distribution: str, count: int) -> None:
    drawn = np.sort(numbers(distribution, count).ravel().astype(np.float64))
    shares = special.ndtr(drawn) if distribution == "normal" else (drawn + 1) / 2
    steps = np.arange(count + 1) / count
    distance = max(np.max(steps[1:] - shares), np.max(shares - steps[:-1]))
    p = stats.kstwobign.sf(distance * math.sqrt(count))
    print(f"distance {distance:.3g}, p = {p:.3f}")
    assert p > 1e-3


# Of x^2, x^3 and so on: expectation, and variance of one term.
MOMENTS = {
    "normal": {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96), 5: (0, 945), 6: (15, 10170)},
    "uniform": {k: ((k + 1) % 2 / (k + 1), 1 / (2 * k + 1) - ((k + 1) % 2 / (k + 1)) ** 2) for k in range(1, 7)},
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_moments(distribution: str, count: int) -> None:
    drawn = numbers(distribution, count).ravel().astype(np.float64)
    for power, (expected, variance) in MOMENTS[distribution].items():
        within(f"moment {power}", float(np.mean(drawn**power)), expected, math.sqrt(variance / count))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("side", [-1, 1], ids=["lower", "upper"])
def test_tails_to_five_sigma(side: int, count: int) -> None:
    drawn = numbers("normal", count).ravel() * side
    for sigmas in (2.0, 3.0, 3.5, 4.0, 4.5, 5.0):
        expected = count * special.ndtr(-sigmas)
        if expected > 2:
            within(f"beyond {sigmas}", float(np.sum(drawn > sigmas)), expected, math.sqrt(expected))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_neighbours_are_independent(distribution: str, count: int) -> None:
    """Numbers of one row, of rows of neighbouring samples, and of neighbouring seeds: products and joint counts."""
    rows = numbers(distribution, count)
    shifted = {
        "next number": (rows[:, :-1], rows[:, 1:]),
        "the other of a pair": (rows[:, 0::2], rows[:, 1::2]),
        "next pair": (rows[:, :-2], rows[:, 2:]),
        "next block": (rows[:, :-4], rows[:, 4:]),
        "next sample": (rows[:-1], rows[1:]),
        "next seed": (rows, numbers(distribution, count, seed=2)),
        "seed 2^32 further": (rows, numbers(distribution, count, seed=1 + 2**32)),
        "start 2^32 further": (rows, numbers(distribution, count, start=2**32)),
    }
    for name, pair in shifted.items():
        first, second = (part.ravel().astype(np.float64) for part in pair)
        if distribution == "normal":
            first, second = special.ndtr(first) * 2 - 1, special.ndtr(second) * 2 - 1
        terms = len(first)
        within(f"{name}: product", float(np.mean(first * second)), 0, 1 / 3 / math.sqrt(terms))
        within(
            f"{name}: product of squares",
            float(np.mean(first**2 * second**2)),
            1 / 9,
            math.sqrt((1 / 25 - 1 / 81) / terms),
        )
        cells = np.histogram2d(first, second, bins=32, range=[[-1, 1], [-1, 1]])[0]
        freedom = cells.size - 1
        statistic = float(np.sum((cells - terms / cells.size) ** 2) / (terms / cells.size))
        within(f"{name}: chi-square", statistic, freedom, math.sqrt(2 * freedom))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_first_numbers_of_many_seeds_are_noise(distribution: str) -> None:
    first = np.array([NOISES[NOISE].rows(distribution, seed, 0, 4).draw(1)[0] for seed in range(4000)], np.float64)
    shares = special.ndtr(first) if distribution == "normal" else (first + 1) / 2
    for column in shares.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-3
    for i in range(4):
        for j in range(i):
            within(
                f"correlation {i}, {j}", float(np.corrcoef(shares[:, i], shares[:, j])[0, 1]), 0, 1 / math.sqrt(4000)
            )


def test_every_bit_of_the_uniform_numbers_is_fair() -> None:
    bits = (numbers("uniform", 1_000_000).ravel() * 2**24).astype(np.int64) + 2**24 >> 1
    for place in range(24):
        within(f"bit {place}", float(np.mean(bits >> place & 1)), 0.5, 0.5 / math.sqrt(bits.size))
