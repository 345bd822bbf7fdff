"""The commands as processes: version, help, errors, and missing packages."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import egan_tf
from egan_tf.commands.train import read_command_line
from egan_tf.training.presets import PRESETS
from egan_tf.utils.registries import load_registry
from egan_tf.utils.settings import sections_of, settings_of

ROOT = Path(__file__).parents[2]
CLIS = {
    "train": "egan_tf.commands.train",
    "export": "egan_tf.commands.export",
    "sample": "egan_tf.sampling.command",
    "report": "egan_tf.report.command",
    "search": "egan_tf.commands.search",
}
EXTRAS = {"train": "train", "export": "train", "report": "train", "search": "train,search"}
CALL = "import sys; {before}; sys.argv[0] = 'bin/egan-{command}'; from {module} import cli; cli()"


def called(command: str, *arguments: str, before: str = "pass", **environment: str) -> subprocess.CompletedProcess[str]:
    """Calls a command as its console script does."""
    code = CALL.format(before=before, command=command, module=CLIS[command])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


BASE_INSTALL = "; ".join(
    f"sys.modules[{name!r}] = None"
    for name in ("tensorflow", "keras", "pydantic", "matplotlib", "tensorflow_datasets", "onnx", "tf2onnx", "sklearn")
)


@pytest.mark.parametrize("command", CLIS)
def test_the_version_is_printed_on_a_base_install(command: str) -> None:
    done = called(command, "--version", before=BASE_INSTALL)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"egan_tf {egan_tf.__version__}\n", "")


@pytest.mark.parametrize("command", EXTRAS)
def test_a_base_install_says_what_is_missing(command: str) -> None:
    done = called(command, "--help", before=BASE_INSTALL)
    assert done.returncode == 2
    assert done.stderr.startswith(f"egan-{command}: error: install: ")
    assert done.stderr.endswith(f"pip install 'egan_tf[{EXTRAS[command]}]'\n")
    assert len(done.stderr.splitlines()) == 1


def test_a_base_install_samples() -> None:
    done = called("sample", "--help", before=BASE_INSTALL)
    assert done.returncode == 0
    assert "egan-sample" in done.stdout


C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.mark.parametrize("command", CLIS)
def test_help_is_plain_text_in_any_locale_and_loads_no_tensorflow(command: str) -> None:
    # Importing these modules fails, so the command must not import them.
    before = "import builtins; load = builtins.__import__; " + (
        "builtins.__import__ = lambda name, *rest, **more: 1 / 0 if name.partition('.')[0] in ('tensorflow', 'keras') "
        "else load(name, *rest, **more)"
    )
    done = called(command, "--help", before=before, **C_LOCALE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert f"usage: egan-{command}" in done.stdout


@pytest.mark.parametrize("command", ["train_tf.py", "export.py"])
def test_scripts_answer_bad_flags_in_one_line_and_with_status_2(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / command), "--bogus", "1"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{command}: error: ")
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_refusal_is_the_same_on_a_terminal_and_through_a_pipe() -> None:
    command = [sys.executable, str(ROOT / "train_tf.py"), "--gamma", "x"]
    piped = subprocess.run(command, capture_output=True, check=False).stderr
    controller, terminal = pty.openpty()
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(controller, 4096)
            except OSError:  # Linux says so that the other end is closed
                break
            if not part:
                break
            shown += part
        assert process.wait() == 2
    os.close(controller)
    assert shown.replace(b"\r\n", b"\n") == piped == b"train_tf.py: error: gamma: must be a finite number, got 'x'\n"


def help_of(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        read_command_line([*arguments, "--help"])
    assert stop.value.code in (0, None)
    return " ".join(capsys.readouterr().out.split())


def test_help_lists_every_setting_and_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys=capsys)
    for group in sections_of(type(PRESETS["digits"])).values():
        for declared in settings_of(group).values():
            assert f"--{declared.name.replace('_', '-')}" in text
            assert all(name in text for name in (load_registry(declared.registry) if declared.registry else ()))


def test_help_shows_the_values_that_the_flags_replace(capsys: pytest.CaptureFixture[str]) -> None:
    assert "samples in a step of the discriminator and of a mutation (default: 64)" in help_of(capsys=capsys)
    assert "mutation (default: 32)" in help_of("--preset", "paper", capsys=capsys)


@pytest.mark.parametrize(
    "flag", ["--runs-dir", *(pytest.param(flag, marks=pytest.mark.slow) for flag in ("--models-dir", "--data-dir"))]
)
def test_a_folder_that_is_not_utf8_is_refused_in_one_line(flag: str) -> None:
    done = called("train", "--dry-run", flag, "gr\udcf6\udcdfe")
    assert (done.returncode, done.stdout) == (2, "")
    field = flag.strip("-").replace("-", "_")
    assert done.stderr.startswith(f"egan-train: error: {field}: 'gr\\udcf6\\udcdfe' is not UTF-8 text in this locale; ")
    assert done.stderr.count("\n") == 1
