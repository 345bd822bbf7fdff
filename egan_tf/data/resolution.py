"""The shape of the images that pictures become."""

from __future__ import annotations

from egan_tf.data.options import ImageOptions
from egan_tf.data.picture_source import Survey

MAX_KEPT = 128
SIDES = (64, 32, 16, 8)


def networks_make(side: int) -> bool:
    """Whether the convolutional networks make square images of this side: k · 2ⁿ, n at least 2, k from 2 to 8."""
    halvings = 0
    while side % 2 == 0 and (side > 4 or halvings < 2) and side > 2:
        side, halvings = side // 2, halvings + 1
    return halvings >= 2 and side <= 8


def suitable_side(survey: Survey) -> int:
    """The side of square images that suits networks and pictures.

    It is the pictures' own side if they share one of at most 128 that the networks make; otherwise the largest of 64,
    32, 16 and 8 that is not above the median of their shorter sides, or 8.
    """
    if survey.sides is not None:
        height, width = survey.sides
        if height == width <= MAX_KEPT and networks_make(height):
            return height
    return next((side for side in SIDES if side <= survey.typical), SIDES[-1])


def choose_sides(survey: Survey, options: ImageOptions, keep: bool = False) -> tuple[int, int]:
    """(height, width) of the images.

    Args:
        survey: of the pictures.
        options: a given resolution decides.
        keep: keeps a shape that all pictures share.
    """
    if options.resolution is not None:
        return options.resolution, options.resolution
    if keep and survey.sides is not None:
        return survey.sides
    side = suitable_side(survey)
    return side, side


def describe_choice(survey: Survey, side: int) -> str:
    """Why pictures become square images of this side, in one line; "" if they are so already."""
    if survey.sides == (side, side):
        return ""
    found = f"all {survey.sides[1]} x {survey.sides[0]} (width x height)" if survey.sides else "of different sizes"
    larger = next((other for other in (128, 64) if side < other <= survey.typical), None)
    other = f"; --resolution {larger} is possible too" if larger else ""
    return f"pictures {found}: the middle square of each becomes {side} x {side}{other}"
