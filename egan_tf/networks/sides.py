"""The sides of images that a network can make."""

from __future__ import annotations

from collections.abc import Callable

from egan_tf.utils.checks import InputError

STARTS = (4, 5, 6, 7)
"""The sides of the smallest feature map."""
_EXAMPLES = "8, 28, 32, 48, 64 or 128"


def square_side(network: str, sample_shape: tuple[int, ...]) -> int:
    """The side of square images.

    Raises:
        InputError: the samples are no square images.
    """
    if len(sample_shape) != 3 or sample_shape[0] != sample_shape[1]:
        given = list(sample_shape)
        problem = f"{network} takes square images [side, side, channels], these samples are {given}; mlp takes any"
        raise InputError("network", problem)
    return sample_shape[0]


def doublings(network: str, sample_shape: tuple[int, ...]) -> int:
    """How often a feature map of side 4 to 7 doubles, at least once, to the side of the images.

    Raises:
        InputError: the samples are no square images, or have another side.
    """
    side = square_side(network, sample_shape)
    if not _doubles(side):
        problem = f"{network} takes sides of 4, 5, 6 or 7 times 2, 4, 8, ..., such as {_EXAMPLES}"
        raise InputError("network", f"{problem}; got {side}, {nearest(side, _doubles)}")
    return _doublings(side)


def nearest(side: int, works: Callable[[int], bool]) -> str:
    """Names the nearest sides that work, such as "nearest are 32 and 40"; 8 always works."""
    below = next((other for other in range(side - 1, 0, -1) if works(other)), None)
    above = next(other for other in range(max(side, 1) + 1, 16 * max(side, 1) + 16) if works(other))
    return f"nearest is {above}" if below is None else f"nearest are {below} and {above}"


def _doublings(side: int) -> int:
    return max(0, (side // STARTS[0]).bit_length() - 1)


def _doubles(side: int) -> bool:
    count = _doublings(side)
    return count > 0 and (side >> count) << count == side
