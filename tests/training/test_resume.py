"""A run that is stopped and resumed equals an uninterrupted run, bit for bit."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from egan_tf import InputError, data
from egan_tf.commands import train as train_command
from egan_tf.data import mixtures
from egan_tf.report.resumed import changes_of
from egan_tf.report.run_record import read_run
from egan_tf.training import train as training
from egan_tf.training.callbacks.sample_grid import SampleGrid
from egan_tf.training.config import Config
from egan_tf.training.resume_policy import fixed_settings
from egan_tf.utils.json_lines import read_records
from egan_tf.utils.locks import directory_lock
from egan_tf.utils.settings import sections_of, settings_of
from tests.training.short import STEPS, folder_of, newest, outcome, short


class PowerCutError(RuntimeError):
    pass


def cut_power(*arguments: Any) -> None:
    raise PowerCutError


def go_on(where: Path) -> None:
    """Resets Keras' numbering of layer names, which checkpoints and ONNX files contain, as in a new process."""
    keras.backend.clear_session()
    training.resume(folder_of(where))


def cut_short(where: Path, monkeypatch: pytest.MonkeyPatch, generation: int = 16, **changes: Any) -> None:
    """Stops a run without notice while it writes a picture."""

    draw = SampleGrid.report

    def cut(self: SampleGrid, now: int, logs: dict[str, Any]) -> None:
        if now == generation:
            raise PowerCutError
        draw(self, now, logs)

    keras.backend.clear_session()
    with monkeypatch.context() as patch:
        patch.setattr(SampleGrid, "report", cut)
        with pytest.raises(PowerCutError):
            training.train(short(where).replace(**changes))


@pytest.fixture
def halved(whole: Path, tmp_path: Path) -> Path:
    """The state of a run that was killed between generations 20 and 24, with its checkpoint of generation 16."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    run = folder_of(tmp_path)
    shutil.rmtree(tmp_path / "models")
    shutil.rmtree(run / "checkpoints" / "00000024")
    (run / "checkpoints" / ".00000024.1234abcd.partial").mkdir()
    (run / "samples" / "00000024.png").rename(run / "samples" / ".00000024.png.1234abcd.partial")
    # Of a generation that is rolled back, and in which the resumed run makes no picture.
    shutil.copy(run / "samples" / "00000008.png", run / "samples" / "00000022.png")
    (run / "mutations.png").unlink()
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(lines[:5]) + lines[5][:40])
    config = json.loads((run / "config.json").read_text())
    config["run"] |= {"runs_dir": str(tmp_path / "runs"), "models_dir": str(tmp_path / "models")}
    (run / "config.json").write_text(json.dumps(config))
    return tmp_path


def assert_same(where: Path, whole: Path) -> None:
    one, other = outcome(where), outcome(whole)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.slow
def test_a_run_that_stopped_without_notice(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_short(tmp_path, monkeypatch)
    assert newest(tmp_path).name == "00000012"
    go_on(tmp_path)
    assert_same(tmp_path, whole)
    events = [record["event"] for record in read_records(folder_of(tmp_path) / "events.jsonl")]
    assert events == ["started", "resumed", "trained", "exported"]


@pytest.mark.slow
def test_a_run_that_holds_tournaments_when_they_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between two tournaments, at generations 6 and 14: the wait for the next is part of the checkpoint."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    auto = {"tournaments": "auto"}
    keras.backend.clear_session()
    training.train(short(whole).replace(evolution=auto))
    cut_short(cut, monkeypatch, evolution=auto)
    assert newest(cut).name == "00000012"
    go_on(cut)
    assert_same(cut, whole)
    last = read_records(folder_of(whole) / "metrics.jsonl")[-1]
    assert 0 < last["tournaments"] < last["generation"]


def test_a_run_killed_in_the_middle_of_everything(whole: Path, halved: Path) -> None:
    go_on(halved)
    assert_same(halved, whole)
    assert not list(halved.rglob(".*"))


def test_a_run_without_any_checkpoint_starts_from_the_beginning(whole: Path, halved: Path) -> None:
    shutil.rmtree(folder_of(halved) / "checkpoints")
    go_on(halved)
    assert_same(halved, whole)


def test_somebody_elses_model_is_not_replaced(whole: Path, halved: Path) -> None:
    shutil.copytree(whole / "models", halved / "models")
    card = halved / "models" / "ring8" / "card.json"
    card.write_text(card.read_text().replace('"seed": 0\n', '"seed": 1\n'))
    assert '"seed": 1\n' in card.read_text()
    before = newest(halved)
    with pytest.raises(InputError, match="^name: .*--overwrite"):
        go_on(halved)
    assert newest(halved) == before


SLOWER = [
    pytest.param(damage, marks=pytest.mark.slow) for damage in ("no manifest", "truncated", "manifest", "missing")
]


@pytest.mark.parametrize("damage", ["flipped", *SLOWER])
def test_a_damaged_checkpoint_is_skipped(
    whole: Path, halved: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = newest(halved)
    assert checkpoint.name == "00000020"
    state = checkpoint / "state.data-00000-of-00001"
    content = bytearray(state.read_bytes())
    if damage == "truncated":
        state.write_bytes(content[:-100])
    elif damage == "flipped":
        content[len(content) // 2] ^= 4
        state.write_bytes(content)
    elif damage == "manifest":
        (checkpoint / "manifest.json").write_text('{"generation": 20}')
    elif damage == "missing":
        state.unlink()
    else:
        (checkpoint / "manifest.json").unlink()
    go_on(halved)
    said = capsys.readouterr().err
    assert "checkpoint 00000020 is damaged" in said and (checkpoint.parent / "00000020.damaged").is_dir()
    assert "at generation 16" in said
    assert_same(halved, whole)


def test_if_every_checkpoint_is_damaged_nothing_is_changed(halved: Path) -> None:
    for checkpoint in (folder_of(halved) / "checkpoints").glob("0*"):
        (checkpoint / "manifest.json").write_text("{}")
    before = {path: path.read_bytes() for path in halved.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="^run: none of its checkpoints can be read"):
        go_on(halved)
    assert before == {path: path.read_bytes() for path in halved.rglob("*") if path.is_file()}


def test_another_data_set_of_that_name_is_refused(halved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def moved(argument: str, data_dir: Path, split: str) -> data.GaussianMixture:
        return mixtures.GaussianMixture("ring8", np.eye(2), 0.1)

    monkeypatch.setitem(data.DATASETS, "ring8", data.Kind(moved))
    before = {path: path.read_bytes() for path in halved.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="^dataset: ring8 is not what the run was trained on"):
        go_on(halved)
    assert before == {path: path.read_bytes() for path in halved.rglob("*") if path.is_file()}


def test_a_run_that_another_process_trains_is_refused(halved: Path) -> None:
    with directory_lock(folder_of(halved)), pytest.raises(InputError, match="^resume: .*by another process"):
        go_on(halved)


def test_the_document_lists_the_settings_that_can_change() -> None:
    text = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    listed = text.partition("<!-- changeable settings -->")[2].partition("<!-- end -->")[0]
    declared = [one for group in sections_of(Config).values() for one in settings_of(group).values()]
    expected = {one.name for one in declared if one.changeable and not one.folder}
    assert set(re.findall("`([a-z0-9_]+)`", listed)) == expected


@pytest.mark.parametrize("name", sorted(fixed_settings() - {"run.preset"}))
def test_settings_that_shape_the_run_cannot_change(halved: Path, name: str) -> None:
    field = name.split(".")[1]
    flags = {
        "network.network": "dcgan",
        "evolution.latent_distribution": "uniform",
        "evolution.operators": "other",
        "evolution.discriminator_loss": "other",
        "data.dataset": "grid25",
        "evolution.mutations": "minimax",
        "evolution.ema_decay": "0.5",
        "evolution.tournaments": "auto",
        "evolution.slots": "objective",
        "run.precision": "mixed_bfloat16",
        "data.channels": "3",
        "evolution.initial_ema_decay": "0.5",
    }
    value = "batch" if "normalization" in field else flags.get(name, "17")
    flag, declared = field.replace("_", "-"), settings_of(sections_of(Config)[name.split(".")[0]])[field]
    change = [f"--{'no-' if declared.default else ''}{flag}"] if declared.kind is bool else [f"--{flag}", value]
    for mode in ([], ["--dry-run"]):
        with pytest.raises(InputError, match=f"^{field}: cannot change in a resumed run"):
            train_command.main(["--resume", str(folder_of(halved)), *change, *mode])


def test_other_settings_may_change_and_are_recorded(halved: Path) -> None:
    folder = folder_of(halved)
    train_command.main(["--resume", str(folder), "--steps", "28", "--gamma", "0.5", "--name", "longer"])
    assert newest(halved).name == "00000028"
    event = next(record for record in read_records(folder / "events.jsonl") if record["event"] == "resumed")
    assert event["changes"] == {"run.steps": [24, 28], "run.name": ["", "longer"], "evolution.gamma": [0.05, 0.5]}
    assert training.read_config(folder).evolution.gamma == 0.5, "the next resumption starts from there"
    assert (halved / "models" / "longer" / "generator.onnx").exists()


def test_a_change_is_recorded_before_the_configuration_has_it(halved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a kill between the two leaves no run that seems to have had the setting from its start."""
    folder, flags = folder_of(halved), ["--gamma", "0.5"]
    with monkeypatch.context() as patch:
        patch.setattr(training, "atomic_write", cut_power)
        with pytest.raises(PowerCutError):
            train_command.main(["--resume", str(folder), *flags])
    assert training.read_config(folder).evolution.gamma == 0.05
    assert read_records(folder / "events.jsonl")[-1]["changes"] == {"evolution.gamma": [0.05, 0.5]}
    assert changes_of(read_run(folder)) == {}, "it never took effect"
    train_command.main(["--resume", str(folder), *flags])
    assert changes_of(read_run(folder)) == {("resumed", "gamma changed"): "0.05 to 0.5 at generation 20"}


def test_a_run_with_an_extractor_that_is_not_used_resumes(halved: Path) -> None:
    """Older versions accepted it; a new one is refused."""
    file = folder_of(halved) / "config.json"
    config = json.loads(file.read_text())
    config["metrics"] |= {"extractor": "inception", "extractor_path": "gone.pb"}
    file.write_text(json.dumps(config))
    train_command.main(["--resume", str(folder_of(halved)), "--dry-run"])
    for change in ("--extractor", "--extractor-path"):
        with pytest.raises(InputError, match="^extractor: is not used for ring8"):
            train_command.main(["--resume", str(folder_of(halved)), change, "pixels", "--dry-run"])


def test_fewer_generations_than_already_trained_are_refused(halved: Path) -> None:
    config = training.read_config(folder_of(halved)).replace(run={"steps": 12})
    with pytest.raises(InputError, match="^steps: the run has had 20 generations"):
        training.resume(folder_of(halved), config)
    with pytest.raises(InputError, match="^steps: the run has had 20 generations"):
        train_command.main(["--resume", str(folder_of(halved)), "--steps", "12", "--dry-run"])


def test_the_newest_run_is_found(halved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed = []
    monkeypatch.setattr(
        training, "resume", lambda folder, config, code: resumed.append((folder, config.run.steps)) or 1 / 0
    )
    (halved / "runs" / "007-empty").mkdir()
    for arguments in (["--resume"], ["--resume", "newest"], ["--resume", "--steps", "24"], ["--resume=newest"]):
        with pytest.raises(ZeroDivisionError):
            train_command.main([*arguments, "--runs-dir", str(halved / "runs")])
    assert resumed == [(folder_of(halved), STEPS)] * 4


@pytest.mark.parametrize(
    ("resumed", "says"),
    [
        ("nowhere", "run: nowhere is not the folder of a run"),
        ("newest --runs-dir none", "resume: no run in none"),
        ("nowhere --runs-dir none", "runs_dir: has no meaning where --resume names a run, nowhere; leave it out"),
        ("none/x --runs-dir none", "run: none/x is not the folder of a run"),
    ],
)
def test_a_run_that_is_not_there(resumed: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        train_command.main(["--resume", *resumed.split()])
    assert says in str(error.value)
    assert not list(tmp_path.iterdir())
