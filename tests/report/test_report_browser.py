"""The pages in a browser, if one is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from egan_tf.report import write_comparison, write_report
from tests.report.browser import CHROMIUM, Browser
from tests.report.runs import full_run, make_run, record
from tests.report.sweeps import sweep

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]
STATE = """(() => {
  const control = document.getElementById("grid-control"), chart = document.querySelector("svg.chart path.line");
  return {overflow: document.documentElement.scrollWidth - innerWidth, slider: control && !control.hidden,
    background: getComputedStyle(document.body).backgroundColor, stroke: chart && getComputedStyle(chart).stroke,
    text: Math.min(...[...document.querySelectorAll("svg.chart text")].filter(one => one.getClientRects().length)
      .map(one => one.getBoundingClientRect().height))};
})()"""


def seen(browser: Browser, page: Path, *how: Any) -> dict[str, Any]:
    """The state of the page; there are no console messages, and only the page was requested."""
    browser.visit(page, *how)
    assert browser.named("Log.entryAdded") + browser.named("Runtime.exceptionThrown") == []
    requests = {request["request"]["url"] for request in browser.named("Network.requestWillBeSent")}
    assert {url for url in requests if not url.startswith("data:")} == {page.as_uri()}
    return browser.evaluate(STATE)


def test_pages_fit_every_screen_and_scheme_without_a_complaint_or_a_request(tmp_path: Path) -> None:
    long = [record(g, {"minimax_with_a_long_name" * 4: g}, rejected_children=g) for g in range(10, 9000, 100)]
    runs = [full_run(tmp_path / "001-digits"), make_run(tmp_path / ("002-" + "long" * 40), long, range(10, 50, 10))]
    with Browser(tmp_path / "profile") as browser:
        for page in (*map(write_report, runs), write_comparison(runs)):
            looks = set()
            for width in (390, 1400):
                for scheme in ("light", "dark"):
                    state = seen(browser, page, width, scheme)
                    assert state["overflow"] <= 0, (page, width)
                    assert state["slider"] is (None if page.name == "comparison.html" else True)
                    assert state["text"] >= 10, "text in charts can be read on a phone"
                    looks.add((scheme, state["background"], state["stroke"]))
            assert len({look[1:] for look in looks}) == len(looks) == 2, "each scheme has its colours, at every width"
        assert seen(browser, write_report(runs[0]), 390, "light", False)["slider"] is False, "without scripts"
        bad = tmp_path / "bad.html"
        bad.write_text('<!DOCTYPE html><img src="http://nobody.invalid/x.png"><script>absent()</script>')
        with pytest.raises(AssertionError):
            seen(browser, bad, 390, "light")


AXES = ("generation", "updates", "seconds")
SHOWN = """[...document.querySelectorAll(".metric figure")].filter(one => one.getClientRects().length)
  .map(one => one.parentElement.className)"""


def test_the_axis_is_chosen_by_the_keyboard_without_scripts(tmp_path: Path) -> None:
    values = {name: {seed: [9.0 + seed, 3.0] for seed in range(3)} for name in ("heuristic", "minimax" * 12)}
    page = write_comparison(sweep(tmp_path, values))
    with Browser(tmp_path / "profile") as browser:
        for width in (390, 1400):
            assert seen(browser, page, width, "light", False)["overflow"] <= 0
            assert browser.evaluate(SHOWN) == ["axis-generation"]
            browser.evaluate("document.getElementById('axis-generation').focus()")
            for axis in (*AXES[1:], AXES[0]):
                for kind in ("rawKeyDown", "keyUp"):
                    browser.call("Input.dispatchKeyEvent", type=kind, key="ArrowRight", windowsVirtualKeyCode=39)
                assert browser.evaluate(SHOWN) == [f"axis-{axis}"]
