"""The code blocks, commands and links of the Markdown pages that people read."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.docs.anchors import links_of

ROOT = Path(__file__).parents[2]
PAGES = (
    *sorted(path.name for path in ROOT.glob("*.md")),
    "saved_models/README.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)
FRAGMENTS = ("CHANGELOG.md",)
"""Pages whose inline code names flags, as in `egan-sample --label`, and is no whole command."""
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:python|egan-\w+|mkdocs) [^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, its language, its text."""

    page: str
    language: str
    text: str


def blocks(language: str) -> list[Block]:
    """All fenced blocks in a language, in the order of the pages."""
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        found += [Block(page, name, body) for _, name, body in FENCE.findall(text) if name == language]
    return found


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """The page and the words of every command in shell blocks and in inline code; not those with a name like MODEL,

    nor names of commands alone, such as `egan-export verify`.
    """
    lines = [(block.page, line) for block in blocks("sh") for line in _lines(block.text)]
    for page in (page for page in PAGES if page not in FRAGMENTS):
        text = FENCE.sub("", (ROOT / page).read_text("utf-8"))
        lines += [(page, " ".join(code.split())) for code in INLINE.findall(text) if re.search(r" -|[./]", code)]
    found = [(page, part) for page, line in lines for part in _parts(line)]
    return [(page, part) for page, part in found if not any(word.isalpha() and word.isupper() for word in part)]


def links(page: str) -> list[tuple[str, str]]:
    """The files, from the root of the project, and the fragments of the page's links that are no addresses."""
    targets = [target for target in links_of((ROOT / page).read_text("utf-8")) if not re.match(r"[a-z]+:", target)]
    parts = [target.partition("#") for target in targets]
    return [(str(Path(page).parent / path) if path else page, fragment) for path, _, fragment in parts]


def _lines(text: str) -> list[str]:
    """Lines without comments; a backslash joins two."""
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def _parts(line: str) -> list[tuple[str, ...]]:
    """The commands of a line, which && joins."""
    words = shlex.split(line, comments=True)
    parts: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            parts.append([])
        else:
            parts[-1].append(word)
    return [tuple(part) for part in parts if part]
