"""Pieces of Markdown for the README of an export."""

from __future__ import annotations

from collections.abc import Sequence

from egan_tf.sampling.spec import SamplingSpec


def code_block(language: str, *lines: str) -> str:
    """A fenced block of code."""
    return "\n".join([f"```{language}", *lines, "```"])


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; cells are text of one line."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def describe_samples(spec: SamplingSpec, count: int) -> str:
    """Type, shape and range of an array of samples, such as `float32 [64, 8, 8, 1] in [-1, 1]`."""
    shape = ", ".join(str(size) for size in (count, *spec.sample_shape))
    return f"float32 [{shape}]{describe_range(spec)}"


def describe_range(spec: SamplingSpec) -> str:
    """The value range with a leading ` in `, or nothing for unbounded samples."""
    return "" if spec.value_range is None else " in [{:g}, {:g}]".format(*spec.value_range)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
