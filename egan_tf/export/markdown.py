"""Pieces of Markdown for the README of an export."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence

from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.sampling.spec import SamplingSpec


def code_block(language: str, *lines: str) -> str:
    """A block of code, fenced by more backticks than it has in a row."""
    fence = "`" * max(3, 1 + max((len(run) for line in lines for run in re.findall("`+", line)), default=0))
    return "\n".join([f"{fence}{language}", *lines, fence])


def inline_code(text: str) -> str:
    """Code in a sentence, between more backticks than it has in a row."""
    runs = re.findall("`+", text)
    fence = "`" * (max(map(len, runs)) + 1) if runs else "`"
    return f"{fence} {text} {fence}" if runs else f"{fence}{text}{fence}"


def shell_word(path: str) -> str:
    """A path as one argument of a command line, quoted where the shell needs it."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def python_text(text: str) -> str:
    """A text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def check_lines(path: str) -> list[str]:
    """Lines of Python that compare all files of an export with its card, with nothing but the standard library.

    Args:
        path: the directory of the export, as a reader would type it.
    """
    card = python_text(f"{path}/{CARD_FILE}")
    return [
        "import hashlib, json",
        "from pathlib import Path",
        "",
        f'for name, entry in json.loads(Path({card}).read_text("utf-8"))["files"].items():',
        f'    if hashlib.sha256(Path({python_text(path)}, name).read_bytes()).hexdigest() != entry["sha256"]:',
        '        raise ValueError(f"{name} is damaged or changed")',
        "",
    ]


def with_check(paragraph: str, path: str) -> str:
    """A paragraph; if it is a program in Python, with `check_lines` before it."""
    opening = "```python\n"
    if not paragraph.startswith(opening):
        return paragraph
    return opening + "\n".join([*check_lines(path), paragraph.removeprefix(opening)])


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
