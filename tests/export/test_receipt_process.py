"""`egan-export verify`: what the machine of the receiver lacks is no difference of the export."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from egan_tf.export.receipt import sampling_process
from egan_tf.export.receipt.finding import DIFFERENT, NOT_CHECKED, OK, Finding, worst
from egan_tf.sampling.model_file import MODELS, REFERENCE
from tests.export.receipts import found, rewrite_card

SHIPPED = Path(__file__).parents[2] / MODELS / REFERENCE / "digits"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A copy of a model that the project ships, to be damaged."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "digits"))


def stub(package: str, text: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Puts another package of the same name before that which is installed."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text(text)
    patch.syspath_prepend(folder)


def pictures(export: Path) -> Finding:
    """The finding of `images.onnx`, after those of card and file."""
    *before, last = found(export / "images.onnx")
    assert worst(before) == OK and last.subject == "images"
    return last


BROKEN = {
    "a library of the system is missing": (
        "raise ImportError('libGL.so.1: cannot open shared object file\\n\\nSee the manual')",
        "onnxruntime is installed but cannot be imported: ImportError: libGL.so.1: cannot open shared object file",
    ),
    "another error": ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named"),
    "an exit": ("import sys; sys.exit(3)", "onnxruntime is installed but cannot be imported: SystemExit: 3"),
    "want of memory": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL"),
    "an unknown instruction": ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "was ended by SIGILL"),
    "memory while it loads": ("def SessionOptions(): raise MemoryError", "too little memory to sample from it"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_library_that_does_not_run_is_no_difference(
    name: str, export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, said = BROKEN[name]
    stub("onnxruntime", text, tmp_path / "stubs", monkeypatch)
    finding = pictures(export)
    assert finding.state == NOT_CHECKED and said in finding.text


def test_a_format_that_takes_too_long_here_is_no_difference(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub("onnxruntime", "import time; time.sleep(600)", tmp_path / "stubs", monkeypatch)
    monkeypatch.setattr(sampling_process, "SECONDS", 1)
    finding = pictures(export)
    assert (finding.state, finding.text) == (NOT_CHECKED, "does not finish within 1 s on this machine")


def refuse(*_: Any, **__: Any) -> None:
    raise OSError(12, "Cannot allocate memory")


@pytest.mark.parametrize(
    ("module", "name", "text"),
    [
        (subprocess, "run", "no process can be started: Cannot allocate memory"),
        (tempfile, "TemporaryDirectory", "no temporary folder can be made: Cannot allocate memory"),
    ],
)
def test_without_a_process_or_a_folder_nothing_is_different(
    module: Any, name: str, text: str, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, refuse)
    finding = pictures(export)
    assert (finding.state, finding.text) == (NOT_CHECKED, text)


def test_one_broken_library_leaves_the_other_formats_checked(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub("tensorflow", "raise RuntimeError('compiled for another processor')", tmp_path / "stubs", monkeypatch)
    findings = {finding.subject: finding for finding in found(export)}
    assert worst(findings.values()) == NOT_CHECKED
    assert findings.pop("saved_model").state == NOT_CHECKED and worst(findings.values()) == OK


@pytest.mark.parametrize("content", [b"no model", b""])
def test_a_file_that_is_no_model_is_different(content: bytes, export: Path) -> None:
    """The card lists it, so that only loading shows it."""
    (export / "images.onnx").write_bytes(content)
    rewrite_card(export)
    finding = pictures(export)
    assert finding.state == DIFFERENT and finding.text.startswith("does not sample: ")
