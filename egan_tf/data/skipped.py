"""Tells which pictures of a data set were left out, and why."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.utils.checks import InputError, format_value
from egan_tf.utils.log_line import log_line

MAX_NAMED = 10

Skipped = Sequence[tuple[str, str]]
"""(name, reason) of each picture."""


def describe(picture: tuple[str, str]) -> str:
    """One picture and its reason in a line, with odd characters of the name escaped."""
    name, reason = picture
    return f"{format_value(name)}: {reason}"


def check_strict(name: str, skipped: Skipped, strict: bool) -> None:
    """Raises `InputError` if pictures were left out and must not be."""
    if strict and skipped:
        count = f"{len(skipped):,} pictures cannot be used" if len(skipped) > 1 else "a picture cannot be used"
        advice = "remove or replace them, or leave --strict out"
        raise InputError("dataset", f"{name}: {count}; the first is {describe(skipped[0])}; {advice}")


def none_usable(name: str, skipped: Skipped) -> InputError:
    """The error of a data set without a usable picture."""
    first = f"; the first is {describe(skipped[0])}" if skipped else ""
    return InputError("dataset", f"{name}: none of {len(skipped):,} pictures can be used{first}")


def log_skipped(name: str, skipped: Skipped, total: int, in_full: bool) -> None:
    """Prints on stderr how many pictures were left out; `in_full` also the first ten of them."""
    if not skipped:
        return
    line = f"{name}: left out {len(skipped):,} of {total:,} pictures, which cannot be used"
    if not in_full:
        log_line(f"{line}, such as {describe(skipped[0])}")
        return
    log_line(f"{line}{f'; the first {MAX_NAMED}:' if len(skipped) > MAX_NAMED else ':'}")
    for picture in skipped[:MAX_NAMED]:
        log_line(f"- {describe(picture)}")
