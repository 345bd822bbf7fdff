"""Links of the Markdown pages lead to files and headings that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.anchors import anchors, links_of
from tests.docs.blocks import PAGES, ROOT, links

CARDS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "saved_models/reference").glob("*/README.md"))]


def test_every_page_is_one_of_these() -> None:
    named = {"README.md", "SECURITY.md", "THIRD_PARTY_NOTICES.md", "CHANGELOG.md", "docs/reference/sampling.md"}
    assert {*named, "saved_models/README.md"} <= set(PAGES) and CARDS


@pytest.mark.parametrize("page", [*PAGES, *CARDS])
def test_links_lead_somewhere(page: str) -> None:
    assert [target for target, _ in links(page) if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if any(fragment for _, fragment in links(page))])
def test_links_to_headings_lead_to_one(page: str) -> None:
    wanted = [(target, fragment) for target, fragment in links(page) if fragment]
    assert [link for link in wanted if link[1] not in anchors(ROOT / link[0], ROOT)] == []


def test_anchors_are_those_that_are_shown(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    text = "# A `b`, *c*\n## Same\n## Same\n### x - y\n```sh\n# no heading\n```\n"
    for name in ("page.md", "docs/page.md"):
        (tmp_path / name).write_text(text, "utf-8")
    assert anchors(tmp_path / "page.md", tmp_path) == {"a-b-c", "same", "same-1", "x---y"}
    # Where the site and GitHub differ, no link can be right in both.
    assert anchors(tmp_path / "docs/page.md", tmp_path) == {"a-b-c", "same"}
    (tmp_path / "docs/shown.md").write_text('--8<-- "page.md"\n', "utf-8")
    assert anchors(tmp_path / "docs/shown.md", tmp_path) == {"a-b-c", "same", "same_1", "x-y"}


def test_code_holds_no_links() -> None:
    text = "[a](b.md#c) ![d](e.png) `[f](g)`\n```python\nh[i](j)\n```\n[k](<l.md>)\n"
    assert links_of(text) == ["b.md#c", "e.png", "l.md"]
