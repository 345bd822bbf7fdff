"""The report in a browser, where there is one: no complaint, no request, a slider that appears."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from egan_tf.report import write_comparison, write_report
from tests.report.page import parse
from tests.report.runs import evaluation, make_run, record, write_lines

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
    "--dump-dom",
]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="needs chromium")]


def opened(page: Path, where: Path) -> tuple[str, str, set[str]]:
    """The document after its script has run, what the browser said, and the addresses that it asked for."""
    where.mkdir()
    net_log = where / "net.json"
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={where / 'profile'}", f"--log-net-log={net_log}", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    events = json.loads(net_log.read_text())["events"]
    # Requests of the browser's own come from no page, and have no origin.
    asked = {
        event["params"]["url"]
        for event in events
        if event.get("params", {}).get("initiator", "not an origin") != "not an origin"
    }
    return done.stdout, done.stderr, asked


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    records = [record(g, rejected_children=g, discriminator_loss=None if g == 30 else 1.0) for g in range(10, 900, 10)]
    made = [make_run(tmp_path / name, records) for name in ("001-digits", "002-digits")]
    write_lines(made[0] / "evaluations.jsonl", [evaluation(step=step, value=1.0 + step) for step in range(5)])
    return made


def test_the_report_is_at_peace_with_a_browser(runs: list[Path], tmp_path: Path) -> None:
    report = write_report(runs[0])
    before, (after, said, asked) = parse(report.read_text()), opened(report, tmp_path / "browser")
    assert "CONSOLE" not in said
    assert asked == set()
    control = before.one("div", id="grid-control")
    assert "hidden" in control.attributes
    shown = parse(after).one("div", id="grid-control")
    assert "hidden" not in shown.attributes, "the page's policy lets its own script run"


def test_the_comparison_is_too(runs: list[Path], tmp_path: Path) -> None:
    _, said, asked = opened(write_comparison(runs), tmp_path / "browser")
    assert "CONSOLE" not in said
    assert asked == set()


def test_these_tests_would_notice(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<!DOCTYPE html><title>x</title><img src="http://nobody.invalid/x.png"><script>absent()</script>')
    _, said, asked = opened(page, tmp_path / "browser")
    assert "CONSOLE" in said
    assert "http://nobody.invalid/x.png" in asked
