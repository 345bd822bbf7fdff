"""The noise: a plain loop of docs/noise.md beside numpy, bits that no version may change, and rows from anywhere."""

from __future__ import annotations

import math
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from egan_tf.sampling import DISTRIBUTIONS
from egan_tf.sampling.counter_noise import LN_2, LOG_COEFFICIENTS, SINE_COEFFICIENTS, normal_numbers, uniform_numbers
from egan_tf.sampling.noise import FIRST_NOISE, NOISE, NOISES
from egan_tf.sampling.noise_vectors import PLACES
from egan_tf.sampling.philox import key_of, philox
from tests.sampling.noise_words import FIRST, SECOND, pair_numbers

DOCS = Path(__file__).parents[2] / "docs" / "noise.md"
WORD = 2**32 - 1


def draw(distribution: str, seed: int, start: int, count: int, size: int, noise: str = NOISE) -> np.ndarray:
    return NOISES[noise].rows(distribution, seed, start, size).draw(count)


# The algorithm in integers of Python, which never overflow, one number after the other.


def plain_philox(counter: list[int], key: int) -> list[int]:
    c0, c1, c2, c3 = counter
    k0, k1 = key % 2**32, key // 2**32
    for _ in range(10):
        first, second = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = second // 2**32 ^ c1 ^ k0, second % 2**32, first // 2**32 ^ c3 ^ k1, first % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


def plain_polynomial(x: int, coefficients: tuple[int, ...]) -> int:
    value = 0
    for coefficient in reversed(coefficients):
        value = coefficient - value * x // 2**32
    return value


def plain_pair(word: int, angle: int) -> list[float]:
    zeros = 32 - word.bit_length()
    f = (2 * word + 1) * 2**zeros % 2**32
    t = (WORD - f) | 1
    logarithm = zeros * LN_2 + t * plain_polynomial(f, LOG_COEFFICIENTS) // 2**32
    x = angle % 2**30 * 4 + 2
    signs = -1 if angle >= 2**31 else 1, -1 if angle // 2**30 % 2 else 1
    sines = [y * plain_polynomial(y * y // 2**32, SINE_COEFFICIENTS) // 2**32 for y in (2**32 - x, x)]
    return [sign * sine * math.sqrt(2 * logarithm + 1) / 2**47 for sign, sine in zip(signs, sines, strict=True)]


def plain_row(distribution: str, key: int, sample: int, size: int) -> np.ndarray:
    numbers: list[float] = []
    for block in range(-(-size // 4)):
        words = plain_philox([sample % 2**32, sample // 2**32, block, 0], key)
        if distribution == "uniform":
            numbers += [(2 * (word // 256) + 1 - 2**24) / 2**24 for word in words]
        else:
            numbers += plain_pair(words[0], words[1]) + plain_pair(words[2], words[3])
    return np.array([struct.unpack("f", struct.pack("f", number))[0] for number in numbers[:size]], np.float32)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), 0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((WORD,) * 4, 2**64 - 1, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            0x299F31D0A4093822,
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "pi"],
)
def test_philox_gives_the_known_answers_of_its_authors(
    counter: tuple[int, ...], key: int, expected: tuple[int, ...]
) -> None:
    found = philox(tuple(np.array([word], np.uint64) for word in counter), key)  # type: ignore[arg-type]
    assert tuple(int(words[0]) for words in found) == expected
    assert tuple(plain_philox(list(counter), key)) == expected


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(
    ("seed", "start", "size"), [(0, 0, 100), (2**63 + 11, 2**32 - 2, 7), (5, 2**63 - 4, 1), (7, 10**15, 2)]
)
def test_it_equals_a_plain_loop(distribution: str, seed: int, start: int, size: int) -> None:
    found = draw(distribution, seed, start, 4, size)
    expected = [plain_row(distribution, seed, start + i, size) for i in range(4)]
    assert found.dtype == np.float32 and found.tobytes() == np.stack(expected).tobytes()


def test_it_equals_a_plain_loop_at_the_ends_of_the_words() -> None:
    found = pair_numbers("normal")
    pairs = zip(FIRST.tolist(), SECOND.tolist(), strict=True)
    assert found.tobytes() == np.array([plain_pair(*pair) for pair in pairs], np.float32).tobytes()
    assert np.isfinite(found).all() and (found != 0).all() and np.abs(found).max() == np.float32(6.7637057)


def test_normal_numbers_are_the_box_muller_transform() -> None:
    random = np.random.default_rng(0)
    first, second = (random.integers(0, 2**32, 200_000, dtype=np.uint64) for _ in range(2))
    radius = np.sqrt(-2 * np.log((first + 0.5) / 2**32))
    angle = (second % 2**30 + 0.5) / 2**30 * (np.pi / 2)
    for found, function, bit in zip(normal_numbers(first, second), (np.cos, np.sin), (31, 30), strict=True):
        expected = np.where(second >> np.uint64(bit) & np.uint64(1), -1, 1) * radius * function(angle)
        assert np.abs(found - expected).max() < 3e-7


def test_uniform_numbers_are_odd_multiples_and_symmetric() -> None:
    words = np.array([0, 255, 256, 2**31 - 1, 2**31, WORD], np.uint64)
    for found in uniform_numbers(words, words):
        assert (found * 2**24).tolist() == [1 - 2**24, 1 - 2**24, 3 - 2**24, -1, 1, 2**24 - 1]


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_rows_come_in_order_from_any_row_on(noise: str, distribution: str) -> None:
    rows = NOISES[noise].rows(distribution, 7, 0, 3)
    whole = draw(distribution, 7, 0, 10, 3, noise)
    np.testing.assert_array_equal(np.concatenate([rows.draw(count) for count in (1, 4, 5)]), whole)
    for start in (1, 9):
        np.testing.assert_array_equal(draw(distribution, 7, start, 10 - start, 3, noise), whole[start:])


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_numbers_depend_neither_on_the_size_nor_on_the_pieces_of_the_computation(distribution: str) -> None:
    wide = draw(distribution, 3, 0, 2, 70_001)  # more blocks in a row than are computed at once
    many = draw(distribution, 3, 0, 9_000, 5)  # more rows
    np.testing.assert_array_equal(wide[:, :5], many[:2])
    np.testing.assert_array_equal(draw(distribution, 3, 8_990, 10, 5), many[8_990:])
    np.testing.assert_array_equal(wide[1, 69_990:], plain_row(distribution, 3, 1, 70_001)[69_990:])


def test_memory_is_bounded() -> None:
    rows = NOISES[NOISE].rows("normal", 0, 0, 64)
    tracemalloc.start()
    try:
        drawn = rows.draw(30_000)
        assert tracemalloc.get_traced_memory()[1] < drawn.nbytes + 4e6
    finally:
        tracemalloc.stop()


def test_a_seed_of_any_length_has_its_key() -> None:
    assert [key_of(seed) for seed in (0, 1, 2**32, 2**64 - 1)] == [0, 1, 2**32, 2**64 - 1]
    part = 0x0123456789ABCDEF
    low, high, *_ = plain_philox([part % 2**32, part // 2**32, 1, WORD], 5)
    assert key_of(part * 2**64 + 5) == low + high * 2**32
    low, high, *_ = plain_philox([1, 0, 2, WORD], plain_key := low + high * 2**32)
    assert key_of(2**128 + part * 2**64 + 5) == low + high * 2**32 != plain_key
    assert len({key_of(2**64 * i + 1) for i in range(1000)}) == 1000


def test_the_vectors_of_the_documentation() -> None:
    rows = re.findall(r"^\| (normal|uniform) \| (\d+) \| (\d+) \| `([0-9a-f ]+)` \|$", DOCS.read_text("utf-8"), re.M)
    assert len(rows) >= 2 * len(PLACES) and any(int(seed) >= 2**64 for _, seed, _, _ in rows)
    for distribution, seed, start, bits in rows:
        expected = [int(word, 16) for word in bits.split()]
        found = draw(distribution, int(seed), int(start), 1, len(expected))
        assert found[0].view(np.uint32).tolist() == expected, (distribution, seed, start)


FIRST_NUMBERS = {
    "normal": [1068451541, 1035668351, 1054476816, 3184094695],
    "uniform": [1050741376, 3211317080, 3203094432, 3208560054],
}


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_earlier_exports_keep_the_bits_of_a_seed(distribution: str) -> None:
    noise = draw(distribution, 3, 0, 2, 2, FIRST_NOISE)
    assert noise.dtype == np.float32
    assert noise.view(np.uint32).ravel().tolist() == FIRST_NUMBERS[distribution]
