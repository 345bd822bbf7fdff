"""The links of Markdown pages to headings, and the anchors that a page has on the site and on GitHub."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path

FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?)[ #]*$", re.MULTILINE)
SNIPPET = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)
LINK = re.compile(r"\]\(<?([^)>\s]+)>?\)")


def links_of(text: str) -> list[str]:
    """The targets of all links and pictures, code left out."""
    return LINK.findall(re.sub(r"`[^`\n]+`", "``", FENCED.sub("", text)))


def anchors(page: Path, root: Path) -> set[str]:
    """The anchors of the page's headings: what both GitHub and the site call them, where both show the page."""
    text = page.read_text("utf-8")
    on_github = _numbered([_of_github(heading) for heading in _headings(text)])
    if page.parent.name != "docs":
        return on_github
    shown = SNIPPET.sub(lambda found: (root / found[1]).read_text("utf-8"), text)
    on_site = _numbered([_of_site(heading) for heading in _headings(shown)], "_")
    return on_site if shown != text else on_site & on_github


def _headings(text: str) -> list[str]:
    """Their texts as shown."""
    found = HEADING.findall(FENCED.sub("", text))
    return [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "") for heading in found]


def _of_github(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _of_site(heading: str) -> str:
    """As the extension `toc` of Python-Markdown."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def _numbered(slugs: list[str], between: str = "-") -> set[str]:
    """Headings of one text get numbers."""
    seen: Counter[str] = Counter()
    found = set()
    for slug in slugs:
        found.add(f"{slug}{between}{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found
