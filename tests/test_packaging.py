"""The built wheel and sdist, alone in empty environments, outside the checkout."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from egan_tf import __version__
from tests.sampling.onnx_files import IMAGE, build, put

ROOT = Path(__file__).parents[1]
COMMANDS = ("egan-train", "egan-export", "egan-sample", "egan-report", "egan-search")
NOT_IN_SDIST = (".ci/run", ".gitattributes", ".gitignore")
REFERENCE = "saved_models/reference"
INSTALLED = ("ring8", "grid25", "digits", "digits_conditional")
NOTICES = ("LICENSE", "THIRD_PARTY_NOTICES.md")
NAME = re.compile(r"[\w-]+")

CLOSURE = """
import importlib.metadata as metadata
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name
needed, names = set(), ["egan_tf"]
while names:
    name = canonicalize_name(names.pop())
    if name not in needed:
        needed.add(name)
        wanted = [Requirement(line) for line in metadata.requires(name) or ()]
        names += [one.name for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
installed = {canonicalize_name(found.metadata["Name"]) for found in metadata.distributions()}
print(*sorted(installed - needed - {"pip", "setuptools"}))
"""
"""Prints the distributions that are installed, although the package needs them for nothing."""

IMPORTED = """
import sys, egan_tf, egan_tf.sampling, egan_tf.sampling.command
print(egan_tf.__file__)
print(*sorted({"pydantic", "tensorflow", "keras", "jinja2", "matplotlib"} & set(sys.modules)))
"""


def test_every_direct_requirement_is_pinned_and_no_pin_has_an_address() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    declared = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\w.]+(; python_version (<|>=) \"3\.\d+\")?", line) for line in lines)
    pinned = {canonical(line) for line in lines}
    wanted = [line for text in declared for line in text.splitlines() if line and not line.startswith("#")]
    assert {canonical(line) for line in wanted} <= pinned


def test_the_notices_go_with_the_package_and_name_the_data_behind_every_shipped_model() -> None:
    """CC BY asks that licence, source and authors of the data go with what is made of it."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(NOTICES) == set(config["metadata"]["license_files"].split())
    rows = [line for line in (ROOT / "THIRD_PARTY_NOTICES.md").read_text("utf-8").splitlines() if line.startswith("|")]
    cards = sorted((ROOT / REFERENCE).glob("*/card.json"))
    assert cards
    for path in cards:
        (row,) = [row for row in rows if f"`{path.parent.name}`" in row]
        data = json.loads(path.read_text("utf-8"))["data"]
        assert [key for key in ("license", "source", "citation") if data[key] not in row] == [], path


def canonical(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match
    return match[0].lower().replace("_", "-")


def called(*line: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command that sees nothing of this environment or of the checkout."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    arguments = [str(part) for part in line]
    return subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def succeed(*line: object, cwd: Path) -> str:
    done = called(*line, cwd=cwd)
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout


@dataclass(frozen=True)
class Built:
    tracked: frozenset[str]
    sdist: Path
    wheel: Path
    wheel_of_sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built from a copy of what git tracks, beside what a working folder has besides."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    folder = tmp_path_factory.mktemp("built")
    tracked = succeed("git", "ls-files", "-z", cwd=ROOT).split("\0")[:-1]
    source, out = folder / "source", folder / "out"
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for name in ("runs/001-digits/config.json", "data/digits.npz", "saved_models/digits/generator.onnx", ".venv/x"):
        (source / name).parent.mkdir(parents=True)
        (source / name).touch()
    (source / "tests" / "__pycache__").mkdir()
    (source / "tests" / "__pycache__" / "x.cpython-311.pyc").touch()
    succeed(sys.executable, "-m", "build", "--sdist", "--wheel", "--outdir", out, source, cwd=folder)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    unpacked = folder / "unpacked" / f"egan_tf-{__version__}"
    succeed(sys.executable, "-m", "build", "--wheel", "--outdir", folder / "again", unpacked, cwd=folder)
    return Built(frozenset(tracked), sdist, wheel, folder / "again" / wheel.name)


@pytest.mark.slow
def test_the_sdist_holds_what_git_tracks(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    generated = {name for name in names if name == "PKG-INFO" or name.startswith("egan_tf.egg-info/")}
    assert names - generated == built.tracked - set(NOT_IN_SDIST)


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_is_the_same_from_the_sdist(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as first, zipfile.ZipFile(built.wheel_of_sdist) as second:
        contents = {name: first.read(name) for name in first.namelist()}
        assert contents == {name: second.read(name) for name in second.namelist()}
    metadata = f"egan_tf-{__version__}.dist-info/"
    package = {name for name in contents if not name.startswith(metadata)}
    models = {name for name in built.tracked if name.startswith(tuple(f"{REFERENCE}/{each}/" for each in INSTALLED))}
    installed = {name.replace(REFERENCE, "egan_tf/models", 1) for name in models}
    assert models and package == {name for name in built.tracked if name.startswith("egan_tf/")} | installed
    assert {
        "egan_tf/py.typed",
        "egan_tf/report/templates/style.css",
        "egan_tf/export/page/templates/page.js",
    } <= package
    for name in NOTICES:
        assert contents[f"{metadata}licenses/{name}"] == (ROOT / name).read_bytes()
    assert b"License-Expression: MIT\n" in contents[f"{metadata}METADATA"]


def environment(folder: Path, *requirements: str) -> Path:
    """The folder of the programs of a new virtual environment."""
    succeed(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    programs = folder / "venv" / "bin"
    pip = (programs / "python", "-m", "pip", "install", "--disable-pip-version-check", "-c", ROOT / "constraints.txt")
    succeed(*pip, *requirements, cwd=folder)
    return programs


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def base(built: Built, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp(f"base_{request.param}"), str(getattr(built, request.param)))


@pytest.fixture(scope="module")
def full(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("full"), f"{built.wheel}[train,search]")


@pytest.mark.slow
def test_the_base_install_samples_and_says_what_the_rest_needs(base: Path, tmp_path: Path) -> None:
    python = base / "python"
    for command in COMMANDS:
        assert succeed(base / command, "--version", cwd=tmp_path) == f"egan_tf {__version__}\n"
    assert succeed(base / "egan-sample", "--help", cwd=tmp_path).startswith("usage: egan-sample ")
    model = put(tmp_path, build(IMAGE))
    for index, line in enumerate([(base / "egan-sample",), (python, "-m", "egan_tf.sampling")]):
        out = f"grid{index}.png"
        sampled = succeed(*line, model, "--count", 16, "--seed", 0, "--out", out, cwd=tmp_path)
        assert sampled.startswith("wrote ") and (tmp_path / out).read_bytes().startswith(b"\x89PNG")
    for name in INSTALLED:
        labels = ["--each-label"] if name.endswith("conditional") else []
        said = succeed(base / "egan-sample", name, "--count", 64, *labels, "--out", f"{name}.png", cwd=tmp_path)
        assert "installed with egan_tf" in said and (tmp_path / f"{name}.png").exists()
    needs = [*[(base / command,) for command in COMMANDS if command != "egan-sample"], (python, "-m", "egan_tf.report")]
    for line in needs:
        for arguments in ((), ("--help",), ("run",)):
            done = called(*line, *arguments, cwd=tmp_path)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            extras = "train,search" if line[0] == base / "egan-search" else "train"
            assert done.stderr.endswith(f": pip install 'egan_tf[{extras}]'\n")
    place, imported, _ = succeed(python, "-c", IMPORTED, cwd=tmp_path).split("\n")
    assert place.startswith(str(base.parent)) and imported == ""
    assert succeed(python, "-c", CLOSURE, cwd=tmp_path) == "\n"


@pytest.mark.slow
def test_the_training_extra_trains_exports_samples_and_reports(full: Path, tmp_path: Path) -> None:
    for command in COMMANDS:
        assert succeed(full / command, "--help", cwd=tmp_path).startswith(f"usage: {command} ")
    assert list(tmp_path.iterdir()) == []

    short = "--steps 40 --width 8 --log-every 20 --sample-every 20 --evaluate-every 40 --extractor pixels"
    printed = succeed(full / "egan-train", "--dataset", "digits", *short.split(), cwd=tmp_path)
    assert "sample: egan-sample saved_models/digits/generator.onnx " in printed
    run, model = tmp_path / "runs" / "001-digits", tmp_path / "saved_models" / "digits"
    assert (run / "report.html").stat().st_size > 10_000
    assert {"saved_model", "generator.onnx", "card.json"} <= {path.name for path in model.iterdir()}

    succeed(full / "egan-sample", model, "--count", 16, "--seed", 0, "--out", "grid.png", cwd=tmp_path)
    succeed(full / "egan-export", "runs/001-digits", "--name", "again", cwd=tmp_path)
    succeed(full / "egan-sample", "saved_models/again", "--count", 16, "--seed", 0, "--out", "again.png", cwd=tmp_path)
    assert (tmp_path / "grid.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    succeed(full / "egan-report", "runs/001-digits", "--out", "page.html", cwd=tmp_path)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    succeed(full / "egan-train", "--resume", "--steps", 60, "--overwrite", cwd=tmp_path)
