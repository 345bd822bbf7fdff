"""matplotlib figures as inline SVG for a page that has a strict policy, its own colours and several figures."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = 6
_NAMES = ("ink", "soft", "gridline", "panel", "accent", "loser", *(f"color{i}" for i in range(COLORS)))
PAINT = {name: f"#0000{position:02x}" for position, name in enumerate(_NAMES, start=1)}
"""Placeholder colours by the name of the CSS variable that replaces them, so that the page's colour scheme applies."""
_VARIABLES = {code: f"var(--{name})" for name, code in PAINT.items()}
_KEPT = re.compile("d|x|y|fill|fill-opacity|opacity|stroke|stroke-(width|opacity|dasharray|linecap)|text-anchor")


@contextlib.contextmanager
def fixed_style() -> Iterator[None]:
    """matplotlib's default style, independent of the user's; text stays text, and invisible detail is dropped."""
    import matplotlib.style

    options = {"svg.fonttype": "none", "svg.hashsalt": "egan_tf", "path.simplify_threshold": 0.5, "font.size": 11}
    with matplotlib.style.context(["default", options]):
        yield


def inline_svg(figure: Figure) -> str:
    """The figure's paths and texts as an SVG element for an HTML page.

    An artist's `gid` becomes the class of its paths; a `PAINT` colour becomes its CSS variable. Everything else that
    matplotlib writes (metadata, style sheet, clip paths, ids, fonts) is left out: a Content-Security-Policy without
    inline styles would block it, and several figures on a page must not share ids.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    text = io.StringIO()
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    source = ElementTree.fromstring(text.getvalue())
    root = ElementTree.Element("svg", {"class": "chart", "viewBox": source.get("viewBox", ""), "aria-hidden": "true"})
    root.extend(_drawn(source, ""))
    return ElementTree.tostring(root, encoding="unicode")


def _drawn(node: ElementTree.Element, kind: str) -> Iterator[ElementTree.Element]:
    name = node.tag.rpartition("}")[2]
    if name in ("defs", "metadata"):
        return
    if name == "g" and not re.search(r"_\d+$", node.get("id", "_1")):
        kind = node.get("id", "")
    if name in ("path", "text"):
        styles = (part.split(":", 1) for part in node.get("style", "").split(";") if part)
        given = {**node.attrib, **{key.strip(): value.strip() for key, value in styles}}
        kept = {key: _VARIABLES.get(value, value) for key, value in given.items() if _KEPT.fullmatch(key)}
        for key in kept.keys() & {"d", "x", "y"}:
            kept[key] = re.sub(r"-?\d+\.\d+", lambda match: f"{float(match[0]):.1f}", " ".join(kept[key].split()))
        element = ElementTree.Element(name, {"class": kind, **kept} if kind else kept)
        element.text = (node.text or "").strip()
        yield element
    for child in node:
        yield from _drawn(child, kind)
