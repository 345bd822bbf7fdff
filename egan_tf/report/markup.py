"""HTML and SVG as text that is escaped unless it says that it is markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

LONGEST_TEXT = 2000
_VOID = frozenset({"br", "col", "img", "input", "link", "meta"})
# What no HTML document may hold: controls, lone surrogates, noncharacters.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")

Attribute = str | int | bool | None


class Html(str):
    """Markup that is inserted as it stands; every other text is escaped."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text as HTML; overlong text is cut, characters that no document may hold become U+FFFD."""
    if isinstance(text, Html):
        return text
    shown = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    return Html(html.escape(_FORBIDDEN.sub("\ufffd", shown), quote=True))


def join(parts: Iterable[str], between: str = "\n") -> Html:
    """The parts, each escaped unless it is `Html`; empty ones are left out."""
    return Html(between.join(escape(part) for part in parts if part))


def element(name: str, /, *children: str, **attributes: Attribute) -> Html:
    """An element.

    Args:
        name: of the tag.
        children: markup or text.
        attributes: `class_` for `class`, `aria_label` for `aria-label`; True for an attribute without a value,
            None and False for none.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(children, '')}</{name}>")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{value if isinstance(value, int) else escape(value)}"'


def data_uri(uri: str) -> Html:
    """A data: URI as an attribute's value, however long.

    Raises:
        ValueError: if it is anything else.
    """
    if re.fullmatch(r"data:[a-z]+/[a-z]+;base64,[A-Za-z0-9+/]*={0,2}", uri) is None:
        raise ValueError("not a data: URI in base64")
    return Html(uri)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", kind: str = "") -> Html:
    """A table that scrolls inside itself; the first cell of a row is its heading.

    Args:
        heading: of the columns.
        rows: of cells.
        caption: what the table says; for readers that see no layout.
        kind: CSS class.
    """
    head = element("tr", *(element("th", cell, scope="col") for cell in heading))
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:])) for row in rows
    ]
    name = element("caption", caption, class_="unseen") if caption else Html()
    whole = element("table", name, element("thead", head), element("tbody", join(body)), class_=kind or None)
    # Whoever has no mouse scrolls a region that takes the focus.
    return element("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption or "table")
