"""A report page as parsed by Python's HTML parser, with every element closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from egan_tf.report import write_report

VOID = {"br", "col", "img", "input", "link", "meta", "wbr"}


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def find(self, name: str, **attributes: str) -> list[Element]:
        """All descendants of that name with the given attributes (`class_`: one of the classes)."""
        found = [self] if self.name == name and self._has(attributes) else []
        return found + [one for child in self.children for one in child.find(name, **attributes)]

    def one(self, name: str, **attributes: str) -> Element:
        (found,) = self.find(name, **attributes)
        return found

    def _has(self, wanted: dict[str, str]) -> bool:
        own = self.attributes.items() | {("class_", name) for name in (self.attributes.get("class") or "").split()}
        return wanted.items() <= own

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a table."""
        return [[cell.text for cell in row.children] for row in self.find("tr")]


class Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].name == tag, f"</{tag}> closes <{self.open[-1].name}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def parse(text: str) -> Element:
    """Parses a page or a part of one; fails if an element is not closed or an id occurs twice."""
    parser = Parser()
    parser.feed(text)
    parser.close()
    assert len(parser.open) == 1, f"<{parser.open[-1].name}> is not closed"
    identities = [element.attributes["id"] for element in everything(parser.root) if "id" in element.attributes]
    assert len(identities) == len(set(identities))
    return parser.root


def report_of(run: Path) -> Element:
    return parse(write_report(run).read_text(encoding="utf-8"))


def everything(element: Element) -> list[Element]:
    return [element, *(one for child in element.children for one in everything(child))]


def section(page: Element, identity: str) -> Element:
    return page.one("section", id=identity)


def description(page: Element, title: str) -> str:
    """The text description of a chart."""
    return chart(page, title).one("div", role="img").attributes["aria-label"] or ""


def chart(page: Element, title: str) -> Element:
    """The figure of that title."""
    (found,) = [figure for figure in page.find("figure") if [c.text for c in figure.find("figcaption")] == [title]]
    return found
