"""The base of a configuration (preset, file or run); files never cause an import of code."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egan_tf import InputError
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.training.config import Config
from egan_tf.training.config_file import read_config
from egan_tf.training.presets import preset
from egan_tf.utils.json_lines import read_records
from tests.training.short import folder_of, short


def config_of(*arguments: str) -> Config:
    return train_command.read_command_line(arguments).config


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ([], "digits"),
        (["--dataset", "ring8"], "ring8"),
        (["--dataset=grid25"], "grid25"),
        (["--dataset", "cifar10", "--preset", "paper"], "paper"),
        (["--data_dir", "x"], "digits"),
    ],
)
def test_the_preset_that_a_command_line_starts_from(arguments: list[str], name: str) -> None:
    assert config_of(*arguments).run.preset == name


def test_flags_replace_values_of_every_kind() -> None:
    config = config_of(
        *("--gamma", "-1e-3", "--population_size=3", "--evaluation-size", "none", "--metrics"),
        *("--no-reuse-evaluation-batch", "--mutations", "heuristic", "minimax", "--xla", "off"),
    )
    assert config == preset("digits").replace(
        evolution={
            "gamma": -1e-3,
            "population_size": 3,
            "evaluation_size": None,
            "reuse_evaluation_batch": False,
            "mutations": ("heuristic", "minimax"),
        },
        metrics={"metrics": ()},
        run={"xla": "off"},
    )


def test_a_file_is_a_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run's configuration, a card, and the output of a dry run; flags replace their values."""
    config = short(tmp_path)
    (tmp_path / "config.json").write_text(config.to_json())
    (tmp_path / "card.json").write_text(json.dumps({"name": "ring8", "config": config.public()}))
    assert config_of("--config", str(tmp_path / "config.json")) == config
    card = config_of("--config", str(tmp_path / "card.json"), "--runs-dir", "r", "--steps", "40")
    assert card == config.replace(run={"runs_dir": "r", "models_dir": "saved_models", "steps": 40})
    train_command.main(["--config", str(tmp_path / "config.json"), "--gamma", "0.25", "--dry-run"])
    (tmp_path / "dry.json").write_text(capsys.readouterr().out)
    assert config_of("--config", str(tmp_path / "dry.json")) == config.replace(evolution={"gamma": 0.25})


@pytest.mark.parametrize(
    "bases",
    [
        ["--preset", "ring8", "--config", "x"],
        ["--resume", "--preset", "ring8"],
        ["--config", "x", "--resume", "newest"],
    ],
)
def test_two_bases_are_refused(bases: list[str]) -> None:
    with pytest.raises(InputError, match=r"^\w+: cannot be given together with --\w+"):
        config_of(*bases)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"config": 3}', b'{"run": {"steps": "x"}}', b"[" * 100_000, b" " * (2 << 20)],
)
def test_a_damaged_file_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(content)
    for arguments in (["--config", str(tmp_path / "config.json")], ["--resume", str(tmp_path)]):
        with pytest.raises(InputError) as error:
            config_of(*arguments)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["nowhere.json", "/dev/zero", "/"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="^config: no file "):
        config_of("--config", path)


MODULE = """
import pathlib
pathlib.Path("imported").touch()

def nearness(evaluation, gamma):
    return evaluation.quality + 0.0 * gamma

def hinge(fake_logits):
    import tensorflow as tf
    return -tf.reduce_mean(fake_logits)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, with a user module that writes a file when it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "users_module.py").write_text(MODULE)
    yield tmp_path
    sys.modules.pop("users_module", None)


FUNCTION = "users_module:nearness"


def names_everywhere() -> list[tuple[str, str, Any]]:
    return [
        ("evolution", "fitness", FUNCTION),
        ("evolution", "mutations", ("minimax", "users_module:hinge")),
        ("evolution", "discriminator_loss", "users_module:loss"),
        ("evolution", "operators", ("users_module:operator",)),
        ("data", "dataset", "users_module:data"),
        ("network", "network", "users_module:network"),
        ("metrics", "extractor", "users_module:extractor"),
        ("metrics", "metrics", ("users_module:metric",)),
        ("run", "formats", ("users_module:format",)),
    ]


@pytest.mark.parametrize(("section", "name", "value"), names_everywhere())
def test_a_file_never_makes_the_program_import_code(section: str, name: str, value: Any, folder: Path) -> None:
    """Neither a configuration, nor a card, nor a run that is resumed or exported; nor in a dry run."""
    config = short(folder).replace(**{section: {name: value}})
    run = folder_of(folder)
    run.mkdir(parents=True)
    (run / "config.json").write_text(config.to_json())
    (folder / "card.json").write_text(json.dumps({"config": config.public()}))
    bases = (["--config", str(run / "config.json")], ["--config", "card.json"], ["--resume", str(run)])
    for base in bases:
        for mode in ([], ["--dry-run"]):
            with pytest.raises(InputError, match=f"^{name}: 'users_module:.*--trust-code$"):
                train_command.main([*base, *mode])
    with pytest.raises(InputError, match=f"^{name}: 'users_module:.*--trust-code$"):
        export_command.main([str(run)])
    assert not (folder / "imported").exists()


def test_a_typed_function_is_imported_and_recorded(folder: Path) -> None:
    (folder / "short.json").write_text(short(folder).to_json())
    typed = ["--fitness", FUNCTION, "--mutations", "minimax", "users_module:hinge"]
    train_command.main(["--config", "short.json", *typed])
    run = folder_of(folder)
    sha256 = hashlib.sha256((folder / "users_module.py").read_bytes()).hexdigest()
    recorded = {FUNCTION: sha256, "users_module:hinge": sha256}
    assert read_config(run).user_code == recorded
    assert read_config(run).evolution.fitness == FUNCTION
    assert read_records(run / "events.jsonl")[0]["user_code"] == recorded
    assert set(read_records(run / "metrics.jsonl")[-1]["selection_counts"]) == {"minimax", "hinge"}
    assert json.loads((folder / "models" / "ring8" / "card.json").read_text())["config"]["user_code"] == recorded

    more = ["--resume", str(run), "--steps", "28", "--overwrite"]
    with pytest.raises(InputError, match=r"^mutations: .*--trust-code$"):
        train_command.main([*more, "--fitness", FUNCTION])
    (folder / "users_module.py").write_text(MODULE + "\n")
    train_command.main([*more, *typed])
    event = next(event for event in read_records(run / "events.jsonl") if event["event"] == "resumed")
    assert event["changes"]["user_code"][0] == recorded
    assert event["changes"]["user_code"][1] == event["user_code"] == read_config(run).user_code != recorded
    train_command.main(["--resume", str(run), "--trust-code"])
    with pytest.raises(InputError, match=r"^mutations: .*--trust-code$"):
        export_command.main([str(run), "--name", "again"])
    export_command.main([str(run), "--name", "again", "--models-dir", "models", "--trust-code"])
    assert (folder / "models" / "again" / "generator.onnx").exists()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("no_such_module:f", "cannot import no_such_module: ModuleNotFoundError"),
        ("users_module:missing", "users_module has no function missing"),
        ("users_module:pathlib", "users_module:pathlib is no function"),
        ("sys:exit", "sys has no source file"),
        ("failing:f", "cannot import failing: ZeroDivisionError"),
        ("leaving:f", "cannot import leaving: SystemExit"),
    ],
)
def test_a_function_that_cannot_be_imported_is_refused_in_one_line(value: str, says: str, folder: Path) -> None:
    (folder / "failing.py").write_text("1 / 0")
    (folder / "leaving.py").write_text("raise SystemExit(3)")
    with pytest.raises(InputError) as error:
        train_command.main(["--fitness", value, "--dry-run"])
    assert str(error.value).startswith("fitness: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
