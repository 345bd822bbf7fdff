"""Commands and code blocks of README, CONTRIBUTING, docs and the pages beside them do what they say."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from egan_tf import InputError
from egan_tf.commands import export as export_command
from egan_tf.commands import train as train_command
from egan_tf.commands.search_arguments import read_arguments
from egan_tf.report import command as report_command
from egan_tf.sampling import command as sample_command
from egan_tf.search.space import parse_space
from tests.data.pictures import save
from tests.docs.blocks import ROOT, Block, blocks, commands

PROGRAMS = {
    ("python", "train_tf.py"): "train",
    ("egan-train",): "train",
    ("python", "export.py"): "export",
    ("egan-export",): "export",
    ("python", "-m", "egan_tf.sampling"): "sample",
    ("egan-sample",): "sample",
    ("python", "-m", "egan_tf.report"): "report",
    ("egan-report",): "report",
    ("python", "-m", "egan_tf.commands.search"): "search",
    ("egan-search",): "search",
}
OTHERS = {
    "pip",
    "git",
    "ruff",
    "mypy",
    "uv",
    ".",
    "mkdocs",
    "saved_model_cli",
    "egan-sample",
    "egan-train",
    "egan-export",
    "egan-report",
    "egan-search",
}
"""Programs that are not ours, and names of ours that stand without words."""
UNAVAILABLE = ("cifar10", "oxford_flowers102", "svhn_cropped", "lsun")
"""Data sets that the machine need not have; their error says where to get them."""

Words = tuple[str, ...]


def _ours() -> dict[str, list[Words]]:
    """The arguments of our programs by program, each once."""
    found: dict[str, list[Words]] = {}
    for _, words in commands():
        for prefix, program in PROGRAMS.items():
            if words[: len(prefix)] == prefix and words[len(prefix) :] not in found.setdefault(program, []):
                found[program].append(words[len(prefix) :])
    return found


OURS = _ours()


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name: pictures, a module of the user, two runs and an export."""
    folder = tmp_path_factory.mktemp("workspace")
    for label in ("cats", "dogs"):
        (folder / "my_pictures" / label).mkdir(parents=True)
        for number in range(64):
            save(folder / "my_pictures" / label / f"{number}.png", np.full((16, 16, 3), number, np.uint8))
    (folder / "mymodule.py").write_text("def fitness(evaluation, gamma):\n    return evaluation.quality\n")
    tiny = ["--steps", "2", "--log-every", "1", "--sample-every", "2", "--data-dir", str(folder / "data")]
    tiny += ["--metrics", "kernel_distance", "--extractor", "pixels", "--evaluation-samples", "100"]
    places = ["--runs-dir", str(folder / "runs"), "--models-dir", str(folder / "saved_models")]
    for name in ("digits", "four"):
        train_command.main([*tiny, *places, "--name", name, "--width", "8"])
    for run, named in (("001-digits", "001-three-0"), ("002-four", "002-one-0")):
        shutil.copytree(folder / "runs" / run, folder / "runs" / named)
    return folder


@pytest.fixture
def inside(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The workspace as current folder."""
    monkeypatch.chdir(workspace)
    monkeypatch.syspath_prepend(str(workspace))
    yield workspace


def test_every_command_is_known() -> None:
    """A command in the docs is one of ours, a benchmark, a test, or a program of others."""
    unknown = []
    for page, words in commands():
        ours = any(words[: len(prefix)] == prefix for prefix in PROGRAMS)
        module = words[:2] == ("python", "-m") and words[2].split(".")[0] in ("benchmarks", "pytest", "venv", "build")
        if not (ours or module or words[0] in OTHERS):
            unknown.append((page, words))
    assert not unknown


@pytest.mark.parametrize("words", OURS["train"], ids=" ".join)
def test_training_commands_are_understood(words: Words, inside: Path) -> None:
    if "--help" in words or "--list" in words:
        with pytest.raises(SystemExit) as stop:
            train_command.read_command_line(list(words))
        assert stop.value.code == 0
    else:
        train_command.read_command_line(list(words))


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [words for words in OURS["train"] if not {"--help", "--list", "--clear-cache"} & {*words}], ids=" ".join
)
def test_training_commands_work(words: Words, inside: Path) -> None:
    dry = [flag for flag in ("--dry-run",) if flag not in words]
    free = [] if "--resume" in words else ["--models-dir", "others"]
    try:
        train_command.main([*words, *dry, *free])
    except InputError as error:
        assert any(name in " ".join([*words, str(error)]) for name in UNAVAILABLE), error


@pytest.mark.parametrize("words", [w for p in ("export", "sample", "report") for w in OURS.get(p, [])], ids=" ".join)
def test_other_commands_work(words: Words, inside: Path) -> None:
    program = next(program for program, found in OURS.items() if words in found)
    main = {"export": export_command.main, "sample": sample_command.main, "report": report_command.main}[program]
    if program == "sample":
        (inside / words[words.index("--out") + 1]).unlink(missing_ok=True)
    main(list(words))


@pytest.mark.parametrize("words", OURS["search"], ids=" ".join)
def test_search_commands_are_understood(words: Words, inside: Path) -> None:
    options = read_arguments(list(words))
    assert (options.resume is not None) == ("--resume" in words)
    parse_space(options.search)
    if "--config" not in words:
        train_command.read_command_line(options.train)


@pytest.mark.parametrize(
    "words",
    sorted({w for _, w in commands() if w[:2] == ("python", "-m") and w[2].startswith("benchmarks.")}),
    ids=" ".join,
)
def test_benchmarks_exist_with_their_flags(words: Words) -> None:
    source = (ROOT / f"{words[2].replace('.', '/')}.py").read_text("utf-8")
    flags = [word for word in words if word.startswith("--") and word != "--help"]
    assert [flag for flag in flags if f'"{flag}"' not in source] == []


@pytest.mark.parametrize(
    "block", {block.text: pytest.param(block, id=block.page) for block in blocks("python")}.values()
)
def test_python_blocks_run(block: Block, inside: Path) -> None:
    """With a few images in place of the reader's, and the smallest numbers in place of long training."""
    text = re.sub(r"width=\d+", "width=4", block.text).replace("saved_models/fashion_mnist", "saved_models/digits")
    text = text.replace('"fashion_mnist"', '"digits"').replace("epochs=10", "epochs=1")
    generator = np.random.default_rng(0)
    names = {
        "images": generator.uniform(-1, 1, (96, 32, 32, 3)).astype("float32"),
        "noise": generator.standard_normal((4, 100)).astype("float32"),
    }
    exec(compile(text, f"{block.page}", "exec"), names)


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.page)
def test_requests_are_what_the_saved_model_takes(block: Block, inside: Path) -> None:
    """As TF Serving reads them: numbers by name for a signature."""
    request = json.loads(block.text)
    model = tf.saved_model.load("saved_models/digits/saved_model")
    signature = model.signatures[request.get("signature_name", "serving_default")]
    wanted = signature.structured_input_signature[1]
    inputs = {name: tf.constant(value, wanted[name].dtype) for name, value in request["inputs"].items()}
    if "noise" in inputs:
        rows, size = inputs["noise"].shape[0], wanted["noise"].shape[1]
        inputs["noise"] = tf.tile(inputs["noise"], [1, size])[:, :size]
    else:
        rows = request["inputs"]["count"]
    assert set(inputs) == set(wanted)
    assert signature(**inputs)["samples"].shape == (rows, 8, 8, 1)
