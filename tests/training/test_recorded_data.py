"""A run is exported where its training data is not: it records what the export needs of the data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from egan_tf import InputError, Sampler, data
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.training import train as training
from egan_tf.training.recorded_data import read_record, record_of
from tests.data.pictures import save
from tests.metrics.conftest import striped


def test_a_run_copied_without_its_data_is_exported_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index, pixels in enumerate(striped(40, 0).images):
        save(tmp_path / "mine" / "ab"[index % 2] / f"{index}.png", pixels)
    flags = ["--dataset", f"folder:{tmp_path / 'mine'}", "--conditional", "--steps", "2", "--log-every", "1"]
    flags += ["--width", "4", "--batch-size", "4", "--evaluation-size", "4", "--sample-every", "2", "--xla", "off"]
    flags += ["--network", "mlp", "--mutations", "heuristic"]
    flags += ["--metrics", "--formats", "onnx", "--runs-dir", str(tmp_path / "runs")]
    train_command.main([*flags, "--models-dir", str(tmp_path / "models"), "--data-dir", str(tmp_path / "data")])
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "runs" / "001-mine", elsewhere / "run")
    for folder in ("mine", "runs", "data"):
        shutil.rmtree(tmp_path / folder, ignore_errors=True)
    assert str(tmp_path) not in (elsewhere / "run" / "data.json").read_text()
    export_command.main([str(elsewhere / "run"), "--models-dir", str(elsewhere)])
    before, after = tmp_path / "models" / "mine", elsewhere / "mine"
    first, again = (Sampler(place).sample(8, labels=1) for place in (before, after))
    np.testing.assert_array_equal(first, again)
    cards = [json.loads((place / "card.json").read_text()) for place in (before, after)]
    assert cards[0]["data"] == cards[1]["data"] and cards[0]["class_names"] == ["a", "b"]
    assert Sampler(after).class_names == ("a", "b")
    # A run of an earlier version has no record, and needs its data.
    (elsewhere / "run" / "data.json").unlink()
    with pytest.raises(InputError, match="mine"):
        training.load_run(elsewhere / "run")


@pytest.mark.parametrize(
    "dataset", [data.load("digits", "unused"), data.load("ring8", "unused")], ids=["images", "points"]
)
def test_the_record_says_what_the_data_set_says(dataset: Any, tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "data.json").write_text(record_of(dataset), "utf-8")
    record = read_record(tmp_path)
    assert record is not None
    for name in ("shape", "value_range", "class_names"):
        assert getattr(record, name) == getattr(dataset, name)
    assert record.facts() == json.loads(json.dumps(dataset.facts()))


DAMAGED = {
    "empty": "",
    "list": "[]",
    "nothing": "{}",
    "range": '{"shape": [8], "value_range": [1], "class_names": [], "about": {}}',
    "deep": "[" * 100_000,
    "shape": '{"shape": [-8], "value_range": null, "class_names": [], "about": {}}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_record_is_named_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text(DAMAGED[name])
    with pytest.raises(
        InputError, match=r"^run: .*data\.json cannot be read .*the export loads the data set$"
    ) as caught:
        read_record(tmp_path)
    assert "\n" not in str(caught.value)
