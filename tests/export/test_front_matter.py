"""The front matter of a card's README is YAML that the Hugging Face Hub understands."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yaml

from egan_tf.export.formats import FORMATS
from egan_tf.export.front_matter import front_matter
from egan_tf.export.readme import render_readme
from egan_tf.sampling.spec import SamplingSpec

IMAGES, POINTS = SamplingSpec(4, "normal", (8, 8, 1), (-1.0, 1.0)), SamplingSpec(2, "uniform", (2,), None)
CARD: dict[str, Any] = {
    "name": "it",
    "created": "2026-01-01T00:00:00",
    "preview": None,
    "parameters": 3,
    "verification": {},
    "files": {},
    "versions": {"egan_tf": "1"},
}


def parsed(text: str) -> dict[str, Any]:
    opening, body, rest = text.split("---\n", 2) if text.endswith("\n") else f"{text}\n".split("---\n", 2)
    assert opening == ""
    return {"rest": rest, **yaml.safe_load(body)}


@pytest.mark.parametrize(
    ("stated", "entries"),
    {
        "none": ("", {"license": "unknown"}),
        "of the Hub": ("CC-BY-4.0", {"license": "cc-by-4.0"}),
        "another": ('Ask "us": no', {"license": "other", "license_name": 'Ask "us": no'}),
        "not ASCII": ("Lizenz Ä", {"license": "other", "license_name": "Lizenz Ä"}),
    }.values(),
)
def test_the_license_of_the_weights(stated: str, entries: dict[str, str]) -> None:
    found = parsed(front_matter({**CARD, "license": stated}, IMAGES))
    assert {name: value for name, value in found.items() if name.startswith("license")} == entries


def test_what_the_generator_makes() -> None:
    images, points = (parsed(front_matter(CARD, spec)) for spec in (IMAGES, POINTS))
    assert images["pipeline_tag"] == "unconditional-image-generation" and "pipeline_tag" not in points
    classes = parsed(front_matter(CARD, dataclasses.replace(IMAGES, classes=2, class_names=("a", "b"))))
    assert "class-conditional" in classes["tags"] and "class-conditional" not in images["tags"]
    assert images["library_name"] == "egan_tf"


def test_the_readme_begins_with_it_and_says_whose_the_weights_are() -> None:
    for stated, said in (("", "Weights: not stated"), ("CC0-1.0", "Weights: CC0-1.0.")):
        readme = render_readme({**CARD, "license": stated}, IMAGES, [FORMATS["onnx"]], "models/it")
        assert parsed(readme)["rest"].startswith("\n# it\n")
        assert said in readme and "egan-sample models/it --nearest DATA" in readme


def test_the_command_that_trains_is_one_to_copy() -> None:
    readme = render_readme({**CARD, "command": "python train_tf.py --seed 3"}, IMAGES, [], "models/it")
    assert "```sh\npython train_tf.py --seed 3\n```" in readme
    assert "## Command" not in readme and "## Training\n" not in render_readme(CARD, IMAGES, [], "models/it")


def test_metrics_are_a_table_if_they_are_those_of_a_run() -> None:
    record = {"metric": "fd_x_2k", "value": 1.25, "protocol": "squared"}
    assert "| fd_x_2k | 1.25 | squared |" in render_readme({**CARD, "metrics": [record]}, IMAGES, [], "it")
    assert '"best": 3' in render_readme({**CARD, "metrics": {"best": 3}}, IMAGES, [], "it")
