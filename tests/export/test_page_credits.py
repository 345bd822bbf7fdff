"""A page names the licences of its generator and its training data, and the authors of the data, as the card does."""

from __future__ import annotations

import hashlib
import html
import json
from pathlib import Path
from typing import Any

import pytest

from egan_tf.data.about import UNKNOWN
from egan_tf.export.page.credits import DATA_KEYS, credits_of, describe_credits
from tests.export.pages import fake_package, page
from tests.sampling.onnx_files import CLASSES, build, put

DATA = {
    "name": "digits",
    "license": "CC BY 4.0",
    "source": "https://example.org/<digits>",
    "citation": "A. Author & B. Other, 1998, $5",
}
NOT_STATED = ["Generator: licence of the weights: not stated.", "Training data: not named; licence: not stated."]


def written(folder: Path, card: dict[str, Any] | None) -> Path:
    """The page of an export with that card."""
    model = put(folder, build(CLASSES))
    if card is not None:
        files = {model.name: {"sha256": hashlib.sha256(model.read_bytes()).hexdigest()}}
        (folder / "card.json").write_text(json.dumps({"files": files, **card}))
    page(model, "--out", folder / "page", "--onnxruntime-web", fake_package(folder))
    return folder / "page"


def test_what_the_card_states_is_in_the_data_at_the_foot_and_beside_the_licences(tmp_path: Path) -> None:
    out = written(tmp_path, {"license": "MIT", "data": {**DATA, "shape": [8, 8, 1]}})
    data = json.loads((out / "generator.json").read_text())
    assert (data["license"], data["training_data"]) == ("MIT", DATA)
    foot = (out / "index.html").read_text("utf-8").split("<footer>")[1]
    for text in ("licence of the weights: MIT", *DATA.values()):
        assert html.escape(text) in foot
        assert text in (out / "LICENSES.txt").read_text("utf-8")


@pytest.mark.parametrize("card", [None, {}, {"data": None}, {"data": dict.fromkeys(DATA, UNKNOWN)}], ids=str)
def test_what_no_card_states_is_called_so(card: dict[str, Any] | None, tmp_path: Path) -> None:
    out = written(tmp_path, card)
    data = json.loads((out / "generator.json").read_text())
    stated = (card or {}).get("data") or {}
    assert data["license"] is None and set(data["training_data"].values()) == {None}, stated
    for file in ("index.html", "LICENSES.txt"):
        assert [line for line in NOT_STATED if line not in (out / file).read_text("utf-8")] == []


def test_only_texts_are_repeated_each_in_one_line_that_is_utf_8() -> None:
    found = credits_of(
        {"license": ["MIT"], "data": {"name": "a\n b\ud800", "license": 4, "source": " ", "citation": {}}}
    )
    assert found == {"license": None, "training_data": {**dict.fromkeys(DATA_KEYS), "name": "a b?"}}
    assert describe_credits(found) == [NOT_STATED[0], "Training data: a b?; licence: not stated."]
