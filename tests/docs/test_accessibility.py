"""axe-core finds no violation of WCAG 2.2 AA in docs, reports and the page that samples. Needs Chromium and npm."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egan_tf.export.page.folder import write_page
from egan_tf.export.page.runtime import PACKAGE
from egan_tf.report import write_comparison, write_report
from egan_tf.sampling import SamplingSpec
from tests.docs.blocks import ROOT
from tests.report.browser import CHROMIUM, Browser, serving
from tests.report.runs import full_run
from tests.sampling.onnx_files import build, put

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]
AXE = "axe-core@4.10.3"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = f"""axe.run({{runOnly: {RULES}}}).then(
  found => JSON.stringify(found.violations.map(each => [each.id, each.nodes.map(node => node.html).slice(0, 3)])))"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script, from the npm registry."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    packed = npm and subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, check=False)
    if not packed or packed.returncode:
        pytest.skip(f"needs {AXE} from npm")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return (folder / "package" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    """A folder with all pages, and its address."""
    folder = tmp_path_factory.mktemp("served")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder / "site")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    runs = [full_run(folder / f"00{number}-digits") for number in (1, 2)]
    write_report(runs[0])
    write_comparison(runs)
    model = put(folder, build(SamplingSpec(30, "uniform", (12, 9, 3), (0.0, 1.0), 3, ("shirt", "shoe", "hat"))))
    assert request.config.cache is not None
    write_page(model, folder / "page", None, request.config.cache.mkdir(PACKAGE))
    with serving(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def violations(browser: Browser, axe: str, address: str) -> dict[str, Any]:
    found = {}
    for width in (390, 1400):
        for scheme in ("light", "dark"):
            browser.visit(address, width, scheme)
            browser.evaluate(axe)
            found[f"{width} {scheme}"] = json.loads(browser.evaluate(RUN))
    return {how: each for how, each in found.items() if each}


@pytest.mark.parametrize("place", ["site", "001-digits", "page", "."])
def test_pages_have_no_violation(place: str, served: tuple[Path, str], browser: Browser, axe: str) -> None:
    folder, address = served
    pages = [path for path in (folder / place).rglob("*.html") if path.name != "404.html"]
    pages = [path for path in pages if place != "." or path.parent == folder]
    assert len(pages) >= (20 if place == "site" else 1)
    found = {
        path.name if place != "site" else str(path.relative_to(folder)): violations(
            browser, axe, f"{address}/{path.relative_to(folder)}"
        )
        for path in pages
    }
    assert {name: each for name, each in found.items() if each} == {}


def test_what_is_wrong_is_found(served: tuple[Path, str], browser: Browser, axe: str) -> None:
    folder, address = served
    (folder / "bad.htm").write_text('<!DOCTYPE html><html lang="en"><title>x</title><img src="page/x.png"></html>')
    assert violations(browser, axe, f"{address}/bad.htm")["390 light"][0][0] == "image-alt"
