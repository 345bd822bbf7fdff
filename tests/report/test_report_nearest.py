"""Sections on request: nearest training images and latent walks, from the export of the run."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from egan_tf import data
from egan_tf.report import write_report
from egan_tf.report.command import main
from egan_tf.sampling import Sampler, SamplingSpec
from egan_tf.sampling.integrity import CARD_FILE
from egan_tf.sampling.memorization import compare
from egan_tf.sampling.walk_files import walk_picture
from egan_tf.utils.atomic import sha256_of
from egan_tf.utils.checks import InputError
from tests.report.page import Element, parse, report_of, section
from tests.report.runs import config_of, make_run, write_lines
from tests.sampling.onnx_files import IMAGE, POINT, build, put


def exported_run(folder: Path, spec: SamplingSpec = IMAGE, dataset: str = "digits") -> tuple[Path, Path]:
    """A run, and the folder of its export."""
    config = config_of(run={"models_dir": str(folder / "models"), "name": "model"}, data={"dataset": dataset})
    run, model = make_run(folder / "run", config=config), folder / "models" / "model"
    model.mkdir(parents=True)
    files = {"generator.onnx": {"sha256": sha256_of(put(model, build(spec)))}}
    (model / CARD_FILE).write_text(json.dumps({"files": files}))
    write_lines(run / "events.jsonl", [{"event": "exported", "card_sha256": sha256_of(model / CARD_FILE)}])
    return run, model


def shown(page: Element, identity: str) -> np.ndarray:
    """The pixels of a section's picture."""
    image = section(page, identity).one("img").attributes
    content = base64.b64decode((image["src"] or "").removeprefix("data:image/png;base64,"))
    picture = Image.open(io.BytesIO(content))
    assert (image["width"], image["height"]) == tuple(map(str, picture.size))
    return np.asarray(picture)


def test_the_page_shows_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, model = exported_run(tmp_path)
    digits = data.load("digits", tmp_path).images  # type: ignore[attr-defined]
    expected = compare(Sampler(model), digits, 16, 0, 5)
    main([str(run), "--nearest", "--walk"])
    page = parse((run / "report.html").read_text(encoding="utf-8"))
    assert [one.attributes["id"] for one in page.find("section")][1:4] == ["nearest", "walk", "lineage"]
    np.testing.assert_array_equal(shown(page, "nearest"), np.asarray(expected.picture()))
    np.testing.assert_array_equal(shown(page, "walk"), np.asarray(walk_picture(Sampler(model), 9, 8, 0)))
    assert expected.summary in section(page, "nearest").text and "great circles" in section(page, "walk").text
    held = len(np.unique(expected.neighbours.indices))
    assert f"the page now holds {held} pictures of the data set digits\n" in capsys.readouterr().err


def test_a_conditional_generator_is_shown_by_class(tmp_path: Path) -> None:
    spec = dataclasses.replace(IMAGE, classes=3, class_names=("a", "b", "c"))
    run, model = exported_run(tmp_path, spec)
    page = parse(write_report(run, None, ("nearest", "walk")).read_text(encoding="utf-8"))
    sampler = Sampler(model)
    walk = walk_picture(sampler.at(0), 9, 8, 0)
    np.testing.assert_array_equal(shown(page, "walk"), np.asarray(walk))
    assert "one sample of the class a of the exported generator" in section(page, "walk").text
    digits = data.load("digits", tmp_path).images  # type: ignore[attr-defined]
    expected = compare(sampler.at([place % 3 for place in range(16)]), digits, 16, 0, 5)
    np.testing.assert_array_equal(shown(page, "nearest"), np.asarray(expected.picture()))


@pytest.mark.parametrize("looks", [(), ("walk",)])
def test_pictures_of_the_data_come_only_on_request(
    looks: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = exported_run(tmp_path)
    page = parse(write_report(run, None, looks).read_text(encoding="utf-8"))
    assert page.find("section", id="nearest") == [] and len(page.find("section", id="walk")) == len(looks)
    assert capsys.readouterr().err == ""


def test_points_are_walked_and_have_no_neighbours(tmp_path: Path) -> None:
    run, model = exported_run(tmp_path, POINT, "ring8")
    page = parse(write_report(run, None, ["walk"]).read_text(encoding="utf-8"))
    np.testing.assert_array_equal(shown(page, "walk"), np.asarray(walk_picture(Sampler(model), 9, 8, 0)))
    assert "Gaussian copula" in section(page, "walk").text
    with pytest.raises(InputError, match="nearest: takes a generator of images"):
        write_report(run, None, ["nearest"])


def another_card(run: Path, model: Path) -> None:
    (model / CARD_FILE).write_text((model / CARD_FILE).read_text() + "\n")


def another_model(run: Path, model: Path) -> None:
    put(model, build(POINT))


def no_export(run: Path, model: Path) -> None:
    os.remove(model / "generator.onnx")


def changed(run: Path, **values: Any) -> None:
    config = json.loads((run / "config.json").read_text())
    config["data"].update(values)
    (run / "config.json").write_text(json.dumps(config))


FAULTS: dict[str, tuple[Any, str]] = {
    "no export": (no_export, "the run's export cannot be sampled: no file"),
    "another model": (another_model, "is not the file that card.json beside it lists"),
    "the export of another run": (another_card, "is the export of another run"),
    "no configuration": (lambda run, model: os.remove(run / "config.json"), "has no config.json"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("look", ["nearest", "walk"])
def test_without_its_own_export_it_is_one_line_and_the_page_stays(look: str, name: str, tmp_path: Path) -> None:
    run, model = exported_run(tmp_path)
    make, said = FAULTS[name]
    make(run, model)
    (run / "report.html").write_text("old")
    with pytest.raises(InputError) as caught:
        main([str(run), f"--{look}"])
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert (run / "report.html").read_text() == "old"


@pytest.mark.parametrize(
    ("dataset", "said"), [("ring8", "ring8"), ("antigravity:fly", "names code to import"), ("lost", "lost")]
)
def test_data_that_cannot_be_shown_is_one_line(dataset: str, said: str, tmp_path: Path) -> None:
    run, _ = exported_run(tmp_path)
    changed(run, dataset=dataset)
    with pytest.raises(InputError, match=said) as caught:
        write_report(run, None, ["nearest"])
    assert "\n" not in str(caught.value)


def test_an_export_that_no_event_records_is_taken(tmp_path: Path) -> None:
    run, _ = exported_run(tmp_path)
    os.remove(run / "events.jsonl")
    assert write_report(run, None, ["walk"]).exists()
    assert report_of(run).find("section", id="walk") == [], "a plain report leaves it out again"


@pytest.mark.parametrize("look", ["nearest", "walk"])
def test_a_comparison_has_no_such_sections(look: str, tmp_path: Path) -> None:
    runs = [str(make_run(tmp_path / name)) for name in "ab"]
    with pytest.raises(InputError, match=f"^{look}: takes one run, got 2"):
        main([*runs, f"--{look}"])
    assert not (tmp_path / "comparison.html").exists()
