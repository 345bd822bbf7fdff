"""The command in the report gives the configuration back when the training command reads it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from egan_tf.commands.train import read_command_line
from egan_tf.report import write_report
from egan_tf.report.command import command_of
from egan_tf.training.config import Config
from egan_tf.training.presets import PRESETS, preset
from tests.report import page
from tests.report.runs import config_of, make_run


def read_back(command: str) -> Config:
    """What `train_tf.py` makes of a command line."""
    python, program, *arguments = shlex.split(command)
    assert (python, program) == ("python", "train_tf.py")
    return read_command_line(arguments).config


CHANGES: list[dict[str, dict[str, Any]]] = [
    {},
    {"run": {"steps": 60, "name": "a.b-c", "overwrite": True, "formats": ("onnx",)}},
    {"data": {"dataset": "fashion_mnist"}},
    {"data": {"dataset": "grid25"}, "run": {"precision": "mixed_bfloat16", "xla": "on"}},
    {
        "evolution": {
            "reuse_evaluation_batch": False,
            "evaluation_size": 99,
            "mutations": ("heuristic", "least_squares_logit"),
        }
    },
    {"evolution": {"reuse_evaluation_batch": True, "evaluation_size": None, "gamma": -0.5, "r1_weight": 1e-7}},
    {"evolution": {"seed": 3}, "optimizer": {"epsilon": 1e-12, "generator_learning_rate": 0.1 + 0.2}},
    {"metrics": {"extractor_path": "it's $HOME; `ls`"}, "network": {"generator_normalization": "-x"}},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
@pytest.mark.parametrize("name", PRESETS)
def test_the_command_gives_the_configuration(name: str, changes: dict[str, dict[str, Any]]) -> None:
    config = config_of(name, **changes)
    command = command_of(config)
    assert command is not None
    assert read_back(command) == config


def test_only_what_differs_is_in_it() -> None:
    assert command_of(preset("digits")) == "python train_tf.py"
    assert command_of(preset("paper")) == "python train_tf.py --preset paper"
    assert command_of(config_of(run={"steps": 1500})) == "python train_tf.py --steps 1500"


def test_folders_are_left_out() -> None:
    config = config_of(run={"runs_dir": "/home/me/runs", "models_dir": "/m"}, data={"data_dir": "/d"})
    assert command_of(config) == "python train_tf.py"


def test_the_report_shows_the_command_and_every_setting(tmp_path: Path) -> None:
    config = config_of(run={"steps": 30, "runs_dir": "/home/me"}, evolution={"mutations": ("minimax", "heuristic")})
    report = page.parse(write_report(make_run(tmp_path / "run", config=config)).read_text())
    settings = page.section(report, "settings")
    assert settings.one("pre").text == "python train_tf.py --steps 30 --mutations minimax heuristic"
    shown = {row[0]: row[1] for table in settings.find("table") for row in table.rows[1:]}
    named = {name for part in config.to_dict().values() for name in part}
    assert set(shown) == {name.replace("_", " ") for name in named - {"runs_dir", "models_dir", "data_dir"}}
    assert shown["mutations"] == "minimax, heuristic"
    assert [mark.text for mark in settings.find("mark")] == ["30", "minimax, heuristic"]
    assert "/home/me" not in (tmp_path / "run" / "report.html").read_text()


def test_an_unknown_preset_gives_no_command(tmp_path: Path) -> None:
    config = config_of(run={"preset": "mine"})
    assert command_of(config) is None
    report = page.parse(write_report(make_run(tmp_path / "run", config=config)).read_text())
    assert "No command can be given" in page.section(report, "settings").text
