"""Untrusted input of any kind is refused in one line, or used; it never causes a traceback or a hang."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egan_tf import EGAN, InputError, Sampler
from egan_tf.commands import train as train_command
from egan_tf.data import DATASETS
from egan_tf.export.directory import check_export_directory
from egan_tf.training import train as training
from egan_tf.training.checkpoints import Checkpoints
from egan_tf.training.config import Config, from_dict, from_json
from egan_tf.training.presets import PRESETS
from tests.training.short import folder_of, short

TEN_SECONDS = 10_000
MAX_MIB = 600
checked = settings(
    derandomize=True,
    deadline=TEN_SECONDS,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.builds(lambda: -(10**5000))
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["digits", "dcgan", "batch", "minimax", "", "../x", "\x00", "\ud800", "9" * 5000]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = [(section, field) for section, values in Config().to_dict().items() for field in values]
FLAGS = [f"--{field.replace('_', '-')}" for _, field in FIELDS]


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    """The peak is set back first: that of earlier tests would hide what this one takes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # a system without it
        yield
        return
    before = _mebibytes("VmRSS")
    yield
    assert _mebibytes("VmHWM") - before < MAX_MIB


def _mebibytes(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def answered(function: Callable[[], Any]) -> Any:
    """The function's result; None if it refuses, which it must do in one line of bounded length."""
    try:
        return function()
    except InputError as error:
        assert len(str(error).splitlines()) == 1
        assert len(str(error)) < 2000
        assert error.field
        return None


@settings(checked, max_examples=150)
@given(ANYTHING)
def test_a_configuration_may_be_anything(value: Any) -> None:
    assert isinstance(answered(lambda: from_dict(value)), Config | None)


@settings(checked, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(FIELDS), ANYTHING), min_size=1, max_size=4))
def test_each_value_of_a_configuration_may_be_anything(changes: list[tuple[tuple[str, str], Any]]) -> None:
    values = Config().to_dict()
    for (section, field), value in changes:
        values[section][field] = value
    config = answered(lambda: from_dict(values))
    if config is not None:
        answered(lambda: training.check_settings(config))
        assert from_json(config.to_json()) == config


@settings(checked, max_examples=150)
@given(st.text(max_size=200) | st.builds(lambda cut: Config().to_json()[:cut], st.integers(0, 2000)))
def test_a_configuration_file_may_hold_anything(text: str) -> None:
    assert isinstance(answered(lambda: from_json(text)), Config | None)


ARGUMENTS = st.lists(
    st.sampled_from(
        [*FLAGS, *FLAGS, "--resume", "--config", "--trust-code", "--overwrite", "--bogus", "--", "-h2", "="]
    )
    | st.sampled_from([*DATASETS, *PRESETS, "-1", "0", "nan", "1e999", "9" * 400, "none", "None", "../..", "/dev/null"])
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12),
    max_size=7,
)


# Some are whole dry runs, which take as long as the machine does.
@settings(checked, max_examples=400, deadline=None)
@given(ARGUMENTS)
def test_a_command_line_may_be_anything(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as empty, pytest.MonkeyPatch.context() as patch:
        patch.chdir(empty)
        patch.setattr("egan_tf.data.network.unreachable", list)
        try:
            answered(lambda: train_command.main([*arguments, "--dry-run"]))
        except SystemExit as exit_:
            assert exit_.code in (0, None), "only --help ends so"
        assert not list(Path(empty).iterdir())


def damaged(content: bytes, number: int) -> bytes:
    """Damages a file in a random way."""
    random = np.random.default_rng(number)
    spoiled = bytearray(content)
    place = int(random.integers(len(content)))
    if number % 4 == 0:
        del spoiled[place:]
    elif number % 4 == 1:
        for at in random.integers(len(content), size=random.choice([1, 3, 100])):
            spoiled[at] ^= 1 << int(random.integers(8))
    elif number % 4 == 2:
        spoiled[place : place + 200] = random.bytes(int(random.integers(1, 200)))
    else:
        spoiled[place:place] = spoiled[place : place + 300]
    return bytes(spoiled)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EGAN]:
    where = tmp_path_factory.mktemp("trained")
    return where, training.train(short(where, steps=8, sample_every=8)).egan


def test_damaged_onnx_files(trained: tuple[Path, EGAN], tmp_path: Path) -> None:
    """Without a card, a flipped bit of a weight changes the samples; with its card, every change is noticed."""
    model = trained[0] / "models" / "ring8"
    content = (model / "generator.onnx").read_bytes()
    alone, beside = tmp_path / "generator.onnx", tmp_path / "with_card" / "generator.onnx"
    beside.parent.mkdir()
    (beside.parent / "card.json").write_bytes((model / "card.json").read_bytes())
    refused = 0
    for number in range(200):
        spoiled = damaged(content, number)
        alone.write_bytes(spoiled)
        beside.write_bytes(spoiled)
        refused += answered(lambda: Sampler(alone).sample(3)) is None
        if spoiled != content:
            with pytest.raises(InputError, match="damaged, or changed"):
                Sampler(beside)
    assert refused > 50
    beside.write_bytes(content)
    assert Sampler(beside).sample(3).shape == (3, 2)


def test_damaged_cards(trained: tuple[Path, EGAN], tmp_path: Path) -> None:
    """A directory with a damaged card is neither replaced nor sampled from, unless the model's SHA-256 still stands."""
    model = trained[0] / "models" / "ring8"
    content = (model / "card.json").read_bytes()
    (tmp_path / "generator.onnx").write_bytes((model / "generator.onnx").read_bytes())
    passed = 0
    for number in range(150):
        spoiled = damaged(content, number)
        (tmp_path / "card.json").write_bytes(spoiled)
        answered(lambda: check_export_directory(tmp_path, overwrite=True))
        vouches = listed_digest(spoiled) == listed_digest(content)
        assert (answered(lambda: Sampler(tmp_path)) is not None) == vouches
        passed += vouches
    assert 0 < passed < 140
    for text in ("[]", "null", '{"files": 3}', '{"format": "egan_tf export 1", "files": null}', "[" * 100_000):
        (tmp_path / "card.json").write_text(text)
        assert answered(lambda: check_export_directory(tmp_path, overwrite=True) or True) is None
        assert answered(lambda: Sampler(tmp_path)) is None


def listed_digest(card: bytes) -> Any:
    """The SHA-256 that a card lists for the model; None if it cannot be read."""
    try:
        return json.loads(card)["files"]["generator.onnx"]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None


def test_damaged_checkpoints(trained: tuple[Path, EGAN], tmp_path: Path) -> None:
    where, egan = trained
    source = folder_of(where) / "checkpoints" / "00000008"
    place = tmp_path / source.name
    place.mkdir()
    for path in source.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    for number in range(150):
        path = sorted(source.iterdir())[number % 3]
        content = path.read_bytes()
        spoiled = damaged(content, number)
        (place / path.name).write_bytes(spoiled)
        manifest = answered(lambda: Checkpoints(tmp_path, egan).restore())
        assert manifest is None or path.name == "manifest.json" or spoiled == content
        (place / path.name).write_bytes(content)
    assert Checkpoints(tmp_path, egan).restore()[0] is not None


def test_a_run_may_be_a_folder_of_anything(trained: tuple[Path, EGAN], tmp_path: Path) -> None:
    config = json.loads((folder_of(trained[0]) / "config.json").read_text())
    for number, text in enumerate(["", "{}{}", "[1]", '{"run": {"steps": "many"}}', json.dumps({**config, "more": 1})]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "config.json").write_text(text)
        assert answered(lambda folder=folder: training.resume(folder)) is None
        assert [path.name for path in folder.iterdir()] == ["config.json"]
