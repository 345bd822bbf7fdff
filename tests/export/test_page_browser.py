"""The page in a browser: the pictures of Python, no request but to its own folder. Needs Chromium, and npm once."""

from __future__ import annotations

import base64
import io
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from egan_tf.export.page.folder import write_page
from egan_tf.export.page.runtime import PACKAGE
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.sampling.pictures import on_white, picture, to_pixels
from egan_tf.sampling.walk import interpolate
from egan_tf.utils.checks import InputError
from tests.report.browser import CHROMIUM, Browser, serving
from tests.sampling.onnx_files import build, put

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]

SPECS = {
    "grey": SamplingSpec(32, "normal", (8, 8, 1), (-1.0, 1.0)),
    "classes": SamplingSpec(30, "uniform", (12, 9, 3), (0.0, 1.0), 3, ("shirt", "shoe", "hat")),
    "alpha": SamplingSpec(7, "normal", (16, 16, 4), (-1.0, 1.0)),
}
READ = """(() => {
  const canvas = document.getElementById(%r), {width, height} = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  return {width, height, data: [...data], label: canvas.getAttribute("aria-label")};
})()"""
SET = """(() => {
  const control = document.getElementById(%r);
  control.value = %r;
  for (const name of ["input", "change"]) { control.dispatchEvent(new Event(name, {bubbles: true})); }
})()"""
STATE = """({status: document.getElementById("status").textContent, error: document.getElementById("error").textContent,
  walk: document.getElementById("walk").getAttribute("aria-label"),
  overflow: document.documentElement.scrollWidth - innerWidth})"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[tuple[Path, str]]:
    """A folder with the pages of all `SPECS`, and its address."""
    folder = tmp_path_factory.mktemp("served")
    assert request.config.cache is not None
    cache = request.config.cache.mkdir(PACKAGE)
    for name, spec in SPECS.items():
        model = put(tmp_path_factory.mktemp(name), build(spec))
        try:
            write_page(model, folder / name, None, cache)
        except InputError as error:
            if error.field != "onnxruntime_web":
                raise
            pytest.skip(str(error))
        (folder / f"{name}.onnx").write_bytes(model.read_bytes())
    with serving(folder) as address:
        yield folder, address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def state(browser: Browser, status: str, walk: str = "") -> dict[str, Any]:
    """The state of the page, when it says so, or an error."""
    end = time.monotonic() + 60
    while True:
        found = browser.evaluate(STATE)
        if found["error"] or (status in found["status"] and walk in found["walk"]):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.05)


def cells(browser: Browser, canvas: str, count: int, columns: int, shape: tuple[int, ...]) -> np.ndarray:
    """The images on a canvas, uint8 [count, H, W, 3]."""
    found = browser.evaluate(READ % canvas)
    pixels = np.array(found["data"], np.uint8).reshape(found["height"], found["width"], 4)
    height, width = shape[0] + 1, shape[1] + 1
    places = [(i // columns * height, i % columns * width) for i in range(count)]
    images = np.stack([pixels[y : y + shape[0], x : x + shape[1]] for y, x in places])
    assert (images[..., 3] == 255).all()
    return images[..., :3]


def differ(found: np.ndarray, samples: np.ndarray, spec: SamplingSpec) -> int:
    expected = on_white(to_pixels(samples, spec)).astype(int)
    return int(np.abs(found.astype(int) - np.broadcast_to(expected, found.shape)).max())


@pytest.mark.parametrize("name", SPECS)
def test_the_pictures_are_those_of_python(name: str, browser: Browser, served: tuple[Path, str]) -> None:
    folder, address = served
    sampler, spec = Sampler(folder / f"{name}.onnx"), SPECS[name]
    browser.visit(f"{address}/{name}/", 390, "light")
    assert state(browser, "Drawn: 64 samples of seed 0", "at 50 %")["error"] == ""
    labels = [i % spec.classes for i in range(64)] if spec.classes else None
    found = cells(browser, "samples", 64, spec.classes or 8, spec.sample_shape)
    assert differ(found, sampler.sample(64, 0, labels=labels), spec) <= 2
    seed, start = 2**64 + 12345, 2**40 + 7
    chosen = {"seed": seed, "start": start, "count": 16, **({"label": 2} if spec.classes else {})}
    for control, value in chosen.items():
        browser.evaluate(SET % (control, str(value)))
    status = f"Drawn: 16 samples of seed {seed} from number {start}{', class hat.' if spec.classes else '.'}"
    assert state(browser, status)["error"] == ""
    found = cells(browser, "samples", 16, 4, spec.sample_shape)
    assert differ(found, sampler.sample(16, seed, start, labels=2 if spec.classes else None), spec) <= 2


@pytest.mark.parametrize("name", SPECS)
def test_the_slider_moves_between_the_samples_of_two_seeds(
    name: str, browser: Browser, served: tuple[Path, str]
) -> None:
    folder, address = served
    sampler, spec = Sampler(folder / f"{name}.onnx"), SPECS[name]
    browser.visit(f"{address}/{name}/", 1400, "dark")
    state(browser, "Drawn", "at 50 %")
    for control, value in {"from": 3, "to": 8}.items():
        browser.evaluate(SET % (control, str(value)))
    ends = sampler.noise(1, 3)[0], sampler.noise(1, 8)[0]
    for percent in (0, 37, 100):
        browser.evaluate(SET % ("way", str(percent)))
        assert state(browser, "", f"at {percent} % of the way from seed 3 to seed 8")["error"] == ""
        noise = interpolate(*ends, np.array([percent / 100]), spec.distribution)
        expected = sampler.generate(noise, labels=0 if spec.classes else None)
        assert differ(cells(browser, "walk", 1, 1, spec.sample_shape), expected, spec) <= 2


def test_it_requests_its_own_folder_only_fits_the_screen_and_says_nothing(
    browser: Browser, served: tuple[Path, str]
) -> None:
    address = f"{served[1]}/classes/"
    for width in (390, 1400):
        for scheme in ("light", "dark"):
            browser.visit(address, width, scheme)
            found = state(browser, "Drawn", "at 50 %")
            assert (found["error"], found["overflow"]) == ("", 0)
            assert browser.named("Log.entryAdded") + browser.named("Runtime.exceptionThrown") == []
            requests = {request["request"]["url"] for request in browser.named("Network.requestWillBeSent")}
            assert len(requests) > 5
            assert all(url.startswith((address, "data:")) for url in requests), requests


def test_it_works_by_keyboard(browser: Browser, served: tuple[Path, str]) -> None:
    browser.visit(f"{served[1]}/grey/", 390, "light")
    state(browser, "Drawn", "at 50 %")
    browser.evaluate("document.getElementById('seed').select()")
    browser.evaluate("document.getElementById('seed').focus()")
    browser.call("Input.insertText", text="77")
    press(browser, "Enter", 13, "\r")
    assert state(browser, "of seed 77 ")["error"] == ""
    browser.evaluate("document.getElementById('way').focus()")
    press(browser, "ArrowRight", 39)
    assert state(browser, "", "at 51 %")["error"] == ""


def test_the_next_seed_is_drawn_and_the_grid_saved_as_png(browser: Browser, served: tuple[Path, str]) -> None:
    folder, address = served
    browser.visit(f"{address}/grey/", 390, "dark")
    state(browser, "Drawn", "at 50 %")
    browser.evaluate(
        "HTMLAnchorElement.prototype.click = function () { globalThis.saved = [this.download, this.href]; }"
    )
    browser.evaluate("document.getElementById('next').click()")
    assert state(browser, "of seed 1 ")["error"] == ""
    browser.evaluate("document.getElementById('save').click()")
    name, url = browser.evaluate("saved")
    assert name.endswith("-seed-1.png")
    saved = np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L")).astype(int)
    spec, sampler = SPECS["grey"], Sampler(folder / "grey.onnx")
    expected = np.asarray(picture(sampler.sample(64, 1), spec)).astype(int)
    assert saved.shape == expected.shape
    assert np.abs(saved - expected).max() <= 2


FORMS = {
    "the same again": ["document.getElementById('samples-form').requestSubmit()"] * 2,
    "an empty seed": [SET % ("seed", ""), SET % ("from", "")],
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_draws_after_an_event_that_changes_nothing(
    name: str, browser: Browser, served: tuple[Path, str]
) -> None:
    browser.visit(f"{served[1]}/grey/", 390, "light")
    state(browser, "Drawn", "at 50 %")
    for script in FORMS[name]:
        browser.evaluate(script)
        time.sleep(0.2)
    browser.evaluate(SET % ("seed", "5"))
    assert state(browser, "of seed 5 ")["error"] == ""
    browser.evaluate(SET % ("from", "7"))
    assert state(browser, "", "from seed 7 ")["error"] == ""


def test_a_saved_picture_has_the_seed_that_it_shows(browser: Browser, served: tuple[Path, str]) -> None:
    browser.visit(f"{served[1]}/grey/", 390, "light")
    state(browser, "Drawn", "at 50 %")
    browser.evaluate(
        "HTMLAnchorElement.prototype.click = function () { globalThis.saved = [this.download, this.href]; }"
    )
    # Before the new one is drawn, and while none can be.
    for value in ("9", ""):
        browser.evaluate(f"document.getElementById('seed').value = '{value}'; document.getElementById('save').click()")
        assert browser.evaluate("saved")[0].endswith("-seed-0.png")


def press(browser: Browser, key: str, code: int, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        given = {"text": text} if text and kind == "keyDown" else {}
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **given)


def test_it_says_so_if_the_noise_is_another(browser: Browser, served: tuple[Path, str]) -> None:
    folder, address = served
    data = folder / "alpha" / "generator.json"
    before = data.read_text()
    changed = json.loads(before)
    changed["noise"]["test_vectors"][1]["numbers"][0] += 2**-20
    data.write_text(json.dumps(changed))
    browser.visit(f"{address}/alpha/?changed", 390, "light")
    assert state(browser, "Drawn")["error"] == "Error: noise: differs from the test vector of seed 1, sample 0"
    data.write_text(before)


def test_it_compares_the_generator_and_refuses_another(browser: Browser, served: tuple[Path, str]) -> None:
    folder, address = served
    browser.visit(f"{address}/grey/", 390, "light")
    state(browser, "Drawn", "at 50 %")
    foot = "document.querySelector('footer').innerText"
    assert f"{Sampler(folder / 'grey.onnx').sha256} (checked)" in browser.evaluate(foot)
    shutil.copytree(folder / "grey", folder / "changed")  # whose files no cache has
    model = folder / "changed" / "generator.onnx"
    # A change that onnxruntime would not notice.
    model.write_bytes(model.read_bytes().replace(b"egan_tf.format", b"egan_tf.formaT"))
    browser.visit(f"{address}/changed/", 390, "light")
    found = state(browser, "Drawn")
    assert found["error"].startswith("Error: generator.onnx is damaged or changed: its SHA-256 is ")


def test_where_it_cannot_compare_it_says_so_and_draws(browser: Browser, served: tuple[Path, str]) -> None:
    """Over plain http from another computer `crypto.subtle` is absent."""
    script = "Object.defineProperty(globalThis, 'crypto', {value: {}})"
    added = browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    browser.visit(f"{served[1]}/grey/", 390, "light")
    found = state(browser, "Drawn", "at 50 %")
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=added)
    assert found["error"] == ""
    assert "(not checked: " in browser.evaluate("document.querySelector('footer').innerText")
