"""The models that the project ships: complete, undamaged, and made by the commands that their cards name."""

from __future__ import annotations

import json
import shlex
import tempfile
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reference_models import MODELS, REFERENCE, ROOT, command
from egan_tf import Sampler
from egan_tf.commands import export as export_command
from egan_tf.commands.train import read_command_line

FOLDER = ROOT / MODELS
NAMES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
LIMIT = 25_000_000
QUICK = ("ring8", "digits_conditional")
"""Points and labelled images; the others belong to the slow tests."""
LOCAL = (str(ROOT), str(Path.home()), tempfile.gettempdir())


def card_of(name: str) -> dict:
    return json.loads((FOLDER / name / "card.json").read_text("utf-8"))


def test_all_are_there_and_small() -> None:
    assert set(REFERENCE) == set(NAMES)
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < LIMIT


@pytest.mark.parametrize("name", NAMES)
def test_files_are_as_their_card_lists_them(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_command.main(["verify", str(FOLDER / name), "--files-only"]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in NAMES])
def test_formats_make_what_their_card_says(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert export_command.main(["verify", str(FOLDER / name)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_it_is_and_how_it_was_made(name: str) -> None:
    card = card_of(name)
    assert card["name"] == name and card["license"] and card["metrics"] and card["data"]["license"]
    _, _, *flags = shlex.split(card["command"])
    assert "--overwrite" not in flags, "whoever copies the command loses no export"
    again = read_command_line(flags).config.public()
    trained = {**card["config"], "run": {**card["config"]["run"], "overwrite": False}}
    assert json.loads(json.dumps(again)) == trained
    planned = read_command_line(command(name, Path("runs"), "data")[2:]).config.public()
    ignored = {"overwrite": True}
    assert {**planned["run"], **ignored} == {**again["run"], **ignored}
    assert {key: planned[key] for key in planned if key != "run"} == {key: again[key] for key in again if key != "run"}


@pytest.mark.parametrize("name", NAMES)
def test_it_samples_by_its_name_and_names_no_local_folder(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    sampler = Sampler(f"{MODELS}/{name}")
    labels = 0 if sampler.spec.classes else None
    samples = sampler.sample(16, seed=1, labels=labels)
    assert samples.shape == (16, *sampler.spec.sample_shape) and np.isfinite(samples).all() and samples.std() > 0.1
    for path in FOLDER.glob(f"{name}/*.*"):
        assert not [place for place in LOCAL if place.encode() in path.read_bytes()], path
