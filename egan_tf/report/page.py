"""The whole document: one file that asks nothing of a network, and allows nothing to."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass

from egan_tf.report.markup import Html, element, join

WARNING = "problems"
"""Class of the section that says what is wrong, which needs no way to it."""


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        identity: its anchor.
        title: its heading.
        content: what stands below.
        kind: CSS class.
    """

    identity: str
    title: str
    content: Html
    kind: str = ""


def document(title: str, subtitle: str, figures: Html, sections: Sequence[Section], footer: str) -> str:
    """The page as text.

    Args:
        title: of the page and of its first heading.
        subtitle: a line below.
        figures: the key figures, may be empty.
        sections: those without content are left out.
        footer: the last line.
    """
    shown = [section for section in sections if section.content]
    style, script = _resource("style.css"), _resource("slider.js")
    head = [
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        element("title", f"{title} · E-GAN"),
        element("style", style),
    ]
    links = [
        element("li", element("a", section.title, href=f"#{section.identity}"))
        for section in shown
        if section.kind != WARNING
    ]
    body = [
        element(
            "header",
            element("h1", title),
            element("p", subtitle, class_="sub"),
            element("nav", element("ul", *links), aria_label="Sections"),
        ),
        element("main", figures, join(map(_section, shown))),
        element("footer", element("p", footer)),
        element("script", script),
    ]
    page = element("html", element("head", join(head)), element("body", join(body)), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def figures_list(figures: Sequence[tuple[str, str, str]]) -> Html:
    """Key figures: what, how much, and a detail that may be empty."""
    items = [
        element(
            "div",
            element("dt", name),
            element("dd", value),
            element("dd", detail, class_="detail") if detail else Html(),
        )
        for name, value, detail in figures
    ]
    return element("dl", *items, class_="figures") if items else Html()


def _section(section: Section) -> Html:
    heading = element("h2", section.title, id=f"{section.identity}-title")
    return element(
        "section",
        heading,
        section.content,
        id=section.identity,
        class_=section.kind or None,
        aria_labelledby=f"{section.identity}-title",
    )


def _resource(name: str) -> Html:
    text = importlib.resources.files("egan_tf.report").joinpath(name).read_text(encoding="utf-8")
    return Html("\n" + text)


def _policy(style: str, script: str) -> str:
    """Lets the browser load nothing but the page's own pictures, style and script."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
