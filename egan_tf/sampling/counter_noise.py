"""The noise `philox4x32`, version 1, in numpy: the same bits in every language; `docs/noise.md` specifies them.

Sample n has its own counters, so that no sample needs those before it, and number j of it does not depend on how many
there are. Uniform numbers are 24 bits of a word. Normal ones come from two words by the Box-Muller transform (Box and
Muller 1958), whose logarithm and sine are polynomials in integers. Floating-point arithmetic is a conversion, a square
root, a product and a rounding to float32, which IEEE 754 defines to the bit, and no sum, which a compiler could
contract with a product.
"""

from __future__ import annotations

import numpy as np

from egan_tf.sampling.philox import WORD, key_of, philox

WORDS = 4
"""Words, and numbers, of a block."""
LN_2 = 2977044472
"""2^32 log(2), rounded."""
LOG_COEFFICIENTS = (
    *(2977044404, 1317911388, 829238574, 598532643, 451333531),
    *(319049833, 181532274, 68260113, 12088890),
)
"""c_0 to c_8: 2^32 (-log(1 - t / 2) / t) = c_0 - c_1 f + c_2 f^2 - ..., f = 1 - t; relative error below 2^-25.3."""
SINE_COEFFICIENTS = 3373259408, 1387196506, 171132282, 10036837, 325312
"""s_0 to s_4: 2^31 sin(x pi / 2) / x = s_0 - s_1 x^2 + s_2 x^4 - ...; relative error below 2^-27.4."""

# uint64 arrays of 2^14 blocks stay in the cache, and a call of numpy costs little beside them.
_MAX_BLOCKS = 1 << 14
_WORD, _SHIFT = np.uint64(WORD), np.uint64(32)
_ONE, _TWO = np.uint64(1), np.uint64(2)


class CounterRows:
    """Rows of noise one after another, from any row on."""

    def __init__(self, distribution: str, seed: int, start: int, latent_size: int) -> None:
        """Begins at a row.

        Args:
            distribution: "normal" or "uniform".
            seed: at least 0.
            start: number of the first row, at least 0.
            latent_size: the numbers in a row.
        """
        self._numbers = normal_numbers if distribution == "normal" else uniform_numbers
        self._key, self._next, self._latent_size = key_of(seed), start, latent_size

    def draw(self, count: int) -> np.ndarray:
        """The next `count` rows, float32 [count, latent_size]; besides, it takes a few MB whatever the count."""
        rows = np.empty((count, self._latent_size), np.float32)
        blocks = -(-self._latent_size // WORDS)
        height = max(1, _MAX_BLOCKS // blocks)
        for top in range(0, count, height):
            samples = np.uint64(self._next + top) + np.arange(min(height, count - top), dtype=np.uint64)[:, None]
            for left in range(0, blocks, _MAX_BLOCKS):
                columns = np.arange(left, min(left + _MAX_BLOCKS, blocks), dtype=np.uint64)[None]
                numbers = self._block_numbers(samples, columns)
                part = rows[top : top + height, left * WORDS : (left + _MAX_BLOCKS) * WORDS]
                part[:] = numbers[:, : part.shape[1]]
        self._next += count
        return rows

    def _block_numbers(self, samples: np.ndarray, blocks: np.ndarray) -> np.ndarray:
        """The numbers of every block of every sample, float32 [samples, WORDS * blocks]."""
        counter = samples & _WORD, samples >> _SHIFT, blocks, np.zeros_like(blocks)
        words = philox(counter, self._key)
        numbers = np.empty((*words[0].shape, WORDS), np.float32)
        for i in range(0, WORDS, 2):
            numbers[..., i], numbers[..., i + 1] = self._numbers(words[i], words[i + 1])
        return numbers.reshape(len(samples), -1)


def uniform_numbers(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The odd multiples of 2^-24 in (-1, 1), all equally likely: 2 (word >> 8) + 1 - 2^24 of them for each word.

    Args:
        first: uint64 of any shape, below 2^32.
        second: likewise.

    Returns:
        Two arrays float32 of the same shape; no operation rounds.
    """
    odd = ((word >> np.uint64(7) | _ONE).view(np.int64) for word in (first, second))
    one, other = ((number - (1 << 24)).astype(np.float32) * np.float32(2.0**-24) for number in odd)
    return one, other


def normal_numbers(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two independent standard normal numbers for each pair of words; none is above 6.77.

    Args:
        first: uint64 of any shape, below 2^32; makes the distance from the origin.
        second: likewise; makes the angle.

    Returns:
        Two arrays float32 of the same shape.
    """
    radius = _radius(first)
    # Two bits are signs, the others an odd multiple of 2^-31 of a quarter turn; x is in units of 2^-32.
    x = (second << _TWO | _TWO) & _WORD
    signs = second.astype(np.uint32)
    cosine = _signed(_sine((1 << 32) - x), radius, signs)
    return cosine, _signed(_sine(x), radius, signs << np.uint32(1))


def _signed(sine: np.ndarray, radius: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """The products in float32, negative where the first bit of `signs` is set."""
    product = (sine.view(np.int64).astype(np.float64) * radius).astype(np.float32)
    return (product.view(np.uint32) ^ signs & np.uint32(1 << 31)).view(np.float32)


def _radius(words: np.ndarray) -> np.ndarray:
    """2^-31 sqrt(-2 log u) for u = (word + 1/2) / 2^32, float64.

    With z leading zeros u is 2^-z (1 - t / 2), t in (0, 1): -log u = z log(2) + t (-log(1 - t / 2) / t).
    """
    odd = words << _ONE | _ONE
    # A float64 holds the odd number: its exponent counts the zeros, its significand has the bits after the first one.
    bits = odd.view(np.int64).astype(np.float64).view(np.uint64)
    f = bits >> np.uint64(20) & _WORD
    t = f ^ _WORD | _ONE
    zeros = np.uint64(1023 + 32) - (bits >> np.uint64(52))
    logarithm = zeros * np.uint64(LN_2) + (t * _polynomial(f, LOG_COEFFICIENTS) >> _SHIFT)
    # Half a unit makes up for the truncation, and no radius 0.
    return np.sqrt((logarithm << _ONE | _ONE).view(np.int64).astype(np.float64)) * 2.0**-47


def _sine(x: np.ndarray) -> np.ndarray:
    """2^31 sin(x / 2^32 * pi / 2) for 0 < x < 2^32, uint64."""
    return x * _polynomial(x * x >> _SHIFT, SINE_COEFFICIENTS) >> _SHIFT


def _polynomial(x: np.ndarray, coefficients: tuple[int, ...]) -> np.ndarray:
    """c_0 - x c_1 + x^2 c_2 - ... by Horner's rule, uint64; x in units of 2^-32, every product is truncated."""
    *others, last = coefficients
    value = (x * np.uint64(last)) >> _SHIFT
    for coefficient in others[:0:-1]:
        np.subtract(np.uint64(coefficient), value, out=value)
        value *= x
        value >>= _SHIFT
    return np.subtract(np.uint64(others[0]), value, out=value)
